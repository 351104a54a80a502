import { errorMessage } from '../../core/errors.js'
import { originalOf, readMemory } from '../../core/scaling/memory.js'
import { names } from '../../core/names.js'
import { isMapping } from '../../spec/read.js'
import { refKey, type Clock, type Log, type ObjectRef } from '../../runtime/ports.js'
import type { KedaMode, Standing } from '../targets/adoption.js'
import { ApiError } from '../api/api-error.js'
import { scaleTargetOf, type CustomResource } from './custom-resource.js'
import type { Discovery } from '../api/discovery.js'
import type { KubeHttp } from '../api/http.js'
import { objectPath, type WireScale } from '../api/wire.js'
import { watchedPlural } from '../targets/workloads.js'
import { NotOwner, type Writer } from '../api/writer.js'

export interface FinalizersParts {
  readonly mode: KedaMode
  readonly http: KubeHttp
  readonly writer: Writer
  readonly discovery: Discovery
  readonly clock: Clock
  readonly log: Log
  /** Has an object looked at again. */
  readonly again: (resource: CustomResource) => void
  /** Whether somebody else scales or speaks for the object's target. */
  readonly isTaken: (target: ObjectRef, resource: CustomResource) => boolean
}

/** After a conflict, and after anything worse. */
const soonMs = 500
const againMs = 5_000

/**
 * Ours stands on a ScaledObject that asks for `restoreToOriginalReplicaCount`, so that its deletion is honoured though we are down; nothing
 * else waits for us. KEDA's are removed where KEDA is replaced: nobody is there to do it, and no object could ever be deleted.
 */
export class Finalizers {
  readonly #parts: FinalizersParts
  /** By uid; true where the object was looked at meanwhile. */
  readonly #underWay = new Map<string, boolean>()

  constructor (parts: FinalizersParts) { this.#parts = parts }

  /** An object that is there to stay. */
  tend (resource: CustomResource, standing: Standing): void {
    const wanted = standing.kind === 'ours' && asksToRestore(resource)
    const isRid = resource.ref.kind !== 'ScaledObject' && this.#isKedaReplaced(resource, standing)
    const others = resource.finalizers.filter(f => f !== names.restoreFinalizer && !(isRid && f === names.kedaFinalizer))
    const all = wanted ? [...others, names.restoreFinalizer] : others
    if ([...all].sort().join() !== [...resource.finalizers].sort().join()) void this.#once(resource, () => this.#write(resource, all))
  }

  /** A ScaledObject of KEDA's whose target we scale from now on. */
  adopted (resource: CustomResource): void {
    if (this.#parts.mode !== 'replace' || !resource.finalizers.includes(names.kedaFinalizer)) return
    void this.#once(resource, () => this.#write(resource, resource.finalizers.filter(f => f !== names.kedaFinalizer)))
  }

  /** Whether its deletion waits for us. */
  isHeld (resource: CustomResource, standing: Standing): boolean {
    const { finalizers } = resource
    return finalizers.includes(names.restoreFinalizer) || (finalizers.includes(names.kedaFinalizer) && this.#isKedaReplaced(resource, standing))
  }

  /** An object that is being deleted. `released` resolves when our loops have let go of it: the same promise at every try. */
  end (resource: CustomResource, standing: Standing, released: Promise<void>): void {
    const keda = this.#isKedaReplaced(resource, standing)
    void this.#once(resource, async () => {
      await released
      if (asksToRestore(resource) && standing.kind === 'ours') await this.#restore(resource)
      await this.#write(resource, resource.finalizers.filter(f => f !== names.restoreFinalizer && !(keda && f === names.kedaFinalizer)))
    })
  }

  #isKedaReplaced (resource: CustomResource, standing: Standing): boolean {
    return this.#parts.mode === 'replace' && standing.kind === 'ours' && resource.ref.apiVersion === names.kedaApiVersion
  }

  /** One at a time for an object; whatever is not done is tried again as long as the object is there and anybody listens: a lease that is late comes back. */
  async #once (resource: CustomResource, work: () => Promise<void>): Promise<void> {
    const { uid } = resource
    if (this.#parts.writer.shadow) return
    if (this.#underWay.has(uid)) return void this.#underWay.set(uid, true)
    this.#underWay.set(uid, false)
    try {
      await work()
    } catch (error) {
      this.#later(resource, error)
    }
    const isMissed = this.#underWay.get(uid) === true
    this.#underWay.delete(uid)
    if (isMissed) this.#parts.again(resource)
  }

  /** A conflict, a lease that is not held just now, or a server that is away: the clock brings the next try, and the next state of the object an earlier one. */
  #later (resource: CustomResource, error: unknown): void {
    const { clock, log, again } = this.#parts
    const isPassing = error instanceof NotOwner || (error instanceof ApiError && (error.isConflict || error.isMissing))
    if (!isPassing) log.warn({ object: refKey(resource.ref), err: errorMessage(error) }, 'its finalizers could not be tended; trying again')
    clock.after(isPassing ? soonMs : againMs, () => again(resource))
  }

  async #write ({ ref, plural, uid, version }: CustomResource, finalizers: readonly string[]): Promise<void> {
    await this.#parts.writer.write({
      method: 'PATCH', urgency: 'down', path: objectPath(ref.apiVersion, plural, ref.namespace, ref.name), body: { metadata: { uid, resourceVersion: version, finalizers } },
    })
  }

  /** What is not there cannot be given back, and what another scales is not ours to give. */
  async #restore (resource: CustomResource): Promise<void> {
    const { http, writer, discovery, log, isTaken } = this.#parts
    const target = scaleTargetOf(resource)
    const original = resource.status.originalReplicaCount ?? rememberedIn(resource)
    if (target === undefined || original === undefined || isTaken(target, resource)) return
    const plural = watchedPlural(target) ?? (await discovery.find(target.apiVersion, target.kind))?.plural
    if (plural === undefined) return
    const path = objectPath(target.apiVersion, plural, target.namespace, target.name, 'scale')
    const scale = await http.find<WireScale>(path)
    const from = scale?.spec?.replicas ?? 0
    if (scale === undefined || from === original) return
    const { resourceVersion } = scale.metadata
    const answer = await writer.write({ method: 'PATCH', urgency: 'down', path: `${path}?fieldManager=${names.product}`, body: { metadata: { resourceVersion }, spec: { replicas: original } } })
    if (answer !== undefined) log.info({ target: refKey(target), from, to: original, reason: 'restoreToOriginalReplicaCount' }, 'scaled')
  }
}

function asksToRestore ({ ref, wanted }: CustomResource): boolean {
  const advanced = ref.kind === 'ScaledObject' && isMapping(wanted.spec) ? wanted.spec['advanced'] : undefined
  return isMapping(advanced) && advanced['restoreToOriginalReplicaCount'] === true
}

/** From the annotation, which begins with the term of its writer. */
function rememberedIn ({ memory }: CustomResource): number | undefined {
  const read = memory === undefined ? undefined : readMemory(memory.slice(memory.indexOf(' ') + 1))
  return read === undefined ? undefined : originalOf(read)
}
