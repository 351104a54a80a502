import { isMapping } from '../spec/read.js'
import { refKey, type FunctionRef, type ObjectRef } from '../runtime/ports.js'
import { resourceKey, type CustomResource } from './custom-resource.js'
import type { ReflectorListener } from './reflector.js'

/** Who speaks for a target, as the reconciler has it: the oldest ScaledObject that names it, else a Trigger whose function it is. */
export class Speakers implements ReflectorListener<CustomResource> {
  readonly #scaledObjects = new Map<string, Map<string, CustomResource>>()
  readonly #targetOfObject = new Map<string, string>()
  readonly #triggers = new Map<string, CustomResource>()
  readonly #targetOf: (fn: FunctionRef) => ObjectRef | undefined

  constructor (targetOf: (fn: FunctionRef) => ObjectRef | undefined) { this.#targetOf = targetOf }

  applied (resource: CustomResource): void {
    this.deleted(resource)
    if (resource.ref.kind === 'Trigger') this.#triggers.set(resourceKey(resource.ref), resource)
    const target = scaleTargetOf(resource)
    if (target === undefined) return
    const some = this.#scaledObjects.get(target) ?? new Map<string, CustomResource>()
    this.#scaledObjects.set(target, some.set(resourceKey(resource.ref), resource))
    this.#targetOfObject.set(resourceKey(resource.ref), target)
  }

  deleted ({ ref }: CustomResource): void {
    const key = resourceKey(ref)
    this.#triggers.delete(key)
    const target = this.#targetOfObject.get(key)
    if (target === undefined) return
    this.#targetOfObject.delete(key)
    const some = this.#scaledObjects.get(target)
    some?.delete(key)
    if (some?.size === 0) this.#scaledObjects.delete(target)
  }

  /** By the target's `refKey`. */
  of (target: string): CustomResource | undefined {
    const [oldest] = [...this.#scaledObjects.get(target)?.values() ?? []].sort(byAge)
    return oldest ?? [...this.#triggers.values()].sort(byAge).find(trigger => this.#isFunctionOf(trigger, target))
  }

  #isFunctionOf ({ ref, wanted }: CustomResource, target: string): boolean {
    const fn = isMapping(wanted.spec) && isMapping(wanted.spec['function']) ? wanted.spec['function'] : {}
    if (typeof fn['name'] !== 'string') return false
    const found = this.#targetOf({ name: fn['name'], namespace: typeof fn['namespace'] === 'string' ? fn['namespace'] : ref.namespace })
    return found !== undefined && refKey(found) === target
  }
}

function scaleTargetOf ({ ref, wanted }: CustomResource): string | undefined {
  const target = ref.kind === 'ScaledObject' && isMapping(wanted.spec) ? wanted.spec['scaleTargetRef'] : undefined
  if (!isMapping(target) || typeof target['name'] !== 'string') return undefined
  return refKey({ apiVersion: '', kind: typeof target['kind'] === 'string' && target['kind'] !== '' ? target['kind'] : 'Deployment', namespace: ref.namespace, name: target['name'] })
}

const byAge = (a: CustomResource, b: CustomResource): number =>
  (a.wanted.metadata.creationTimestamp ?? '').localeCompare(b.wanted.metadata.creationTimestamp ?? '') || resourceKey(a.ref).localeCompare(resourceKey(b.ref))
