import { isMapping } from '../../spec/read.js'
import { refKey, type FunctionRef, type ObjectRef } from '../../runtime/ports.js'
import { resourceKey, scaleTargetOf, type CustomResource } from './custom-resource.js'
import type { ReflectorListener } from '../api/reflector.js'

/** Who speaks for a target, as the reconciler has it: the oldest ScaledObject that names it, else the oldest Trigger whose function it is. A ScaledJob speaks for itself. */
export class Speakers implements ReflectorListener<CustomResource> {
  readonly #scaledObjects = new Map<string, Map<string, CustomResource>>()
  readonly #targetOfObject = new Map<string, string>()
  readonly #triggers = new Map<string, CustomResource>()
  readonly #targetOf: (fn: FunctionRef) => ObjectRef | undefined
  /** Where a target's Trigger was found last; what stands behind its function may be something else by now. */
  readonly #found = new Map<string, string>()

  constructor (targetOf: (fn: FunctionRef) => ObjectRef | undefined) { this.#targetOf = targetOf }

  applied (resource: CustomResource): void {
    this.deleted(resource)
    if (resource.ref.kind === 'Trigger' && !resource.isEnding) this.#triggers.set(resourceKey(resource.ref), resource)
    const ref = resource.ref.kind === 'ScaledJob' ? resource.ref : scaleTargetOf(resource) // jobs are their own target
    if (ref === undefined || resource.isEnding) return
    const target = refKey(ref)
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
    return oldest ?? this.#triggerOf(target)
  }

  /** A memory is asked for at every write: all Triggers are gone through only when the one that was found is no longer it. */
  #triggerOf (target: string): CustomResource | undefined {
    const known = this.#triggers.get(this.#found.get(target) ?? '')
    if (known !== undefined && this.#speaksFor(known, target)) return known
    const [oldest] = [...this.#triggers.values()].filter(trigger => this.#speaksFor(trigger, target)).sort(byAge)
    if (oldest === undefined) this.#found.delete(target)
    else this.#found.set(target, resourceKey(oldest.ref))
    return oldest
  }

  #speaksFor ({ ref, wanted }: CustomResource, target: string): boolean {
    const spec = isMapping(wanted.spec) ? wanted.spec : {}
    const fn = isMapping(spec['function']) ? spec['function'] : {}
    const mode = isMapping(spec['scale']) ? spec['scale']['mode'] ?? 'Managed' : 'Managed'
    if (typeof fn['name'] !== 'string' || mode !== 'Managed') return false
    const namespace = typeof fn['namespace'] === 'string' ? fn['namespace'] : ref.namespace
    const found = this.#targetOf({ name: fn['name'], namespace, from: ref.namespace, kind: fn['kind'] as FunctionRef['kind'] })
    return found !== undefined && refKey(found) === target
  }
}

const byAge = (a: CustomResource, b: CustomResource): number =>
  (a.wanted.metadata.creationTimestamp ?? '').localeCompare(b.wanted.metadata.creationTimestamp ?? '') || resourceKey(a.ref).localeCompare(resourceKey(b.ref))
