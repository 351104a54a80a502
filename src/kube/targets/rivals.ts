import { annotation, names } from '../../core/names.js'
import { errorMessage } from '../../core/errors.js'
import { refKey, type Clock, type Log, type ObjectRef, type Rival } from '../../runtime/ports.js'
import { asksForTransfer, hpaConfigIn, isKedas, isTransferred, type KedaMode, type Standing } from './adoption.js'
import { ApiError } from '../api/api-error.js'
import { targetOf, type Autoscalers, type Hpa } from './autoscalers.js'
import type { CustomResource } from '../objects/custom-resource.js'
import { objectPath } from '../api/wire.js'
import type { Writer } from '../api/writer.js'

export interface RivalsParts {
  readonly mode: KedaMode
  readonly autoscalers: Autoscalers
  readonly writer: Writer
  readonly clock: Clock
  readonly log: Log
  /** Who speaks for a target, by its `refKey`. */
  readonly speakerFor: (target: string) => CustomResource | undefined
  /** As the caches have it at this instant. */
  readonly standing: (resource: CustomResource) => Standing
  /** Told, perhaps often, of whose target we scale. */
  readonly adopted: (resource: CustomResource) => void
}

const againMs = 10_000

/** Who else scales a target: KEDA, or an autoscaler. One that we are to replace is removed after our first good decision, not before. */
export class Rivals {
  readonly #parts: RivalsParts
  /** By uid: when a removal was tried last, and what became of it. */
  readonly #tried = new Map<string, { readonly at: number, failure?: string }>()

  constructor (parts: RivalsParts) { this.#parts = parts }

  of (target: ObjectRef, decided: boolean): Rival | undefined {
    const { autoscalers, speakerFor, standing } = this.#parts
    const speaker = speakerFor(refKey(target))
    const stands = speaker === undefined ? undefined : standing(speaker)
    if (stands?.kind === 'foreign') return { message: `${refKey(target)} is left to KEDA: ${stands.why}` }
    const hpas = autoscalers.of(target.namespace).filter(hpa => refKey(targetOf(hpa)) === refKey(target) || (speaker !== undefined && isKedas(hpa, speaker)))
    const staying = hpas.find(hpa => speaker === undefined || !this.#isReplaced(hpa, speaker))
    if (staying !== undefined) return { message: stays(staying, speaker) }
    for (const hpa of hpas) if (decided && speaker !== undefined) this.#remove(hpa, speaker)
    const [first] = hpas
    if (first === undefined && decided && speaker !== undefined) this.#parts.adopted(speaker)
    return first === undefined ? undefined : { message: goes(first, this.#tried.get(first.uid)?.failure) }
  }

  #isReplaced (hpa: Hpa, speaker: CustomResource): boolean {
    return isKedas(hpa, speaker) ? this.#parts.mode === 'replace' : isTransferred(hpa, speaker)
  }

  #remove (hpa: Hpa, speaker: CustomResource): void {
    const { clock, log } = this.#parts
    const last = this.#tried.get(hpa.uid)
    if (last !== undefined && clock.monotonic() - last.at < againMs) return
    const trying: { readonly at: number, failure?: string } = { at: clock.monotonic() }
    this.#tried.set(hpa.uid, trying)
    void this.#replace(hpa, speaker).catch((error: unknown) => {
      trying.failure = error instanceof ApiError && error.status === 403 ? 'it may not be deleted; deploy/components/take-over has the role for that' : errorMessage(error)
      log.warn({ hpa: `${hpa.namespace}/${hpa.name}`, err: errorMessage(error) }, 'an autoscaler that is to be replaced could not be removed; trying again')
    })
  }

  /** Its rates are kept first: once it is gone nobody knows them. */
  async #replace (hpa: Hpa, speaker: CustomResource): Promise<void> {
    const { writer, log } = this.#parts
    const { ref, plural, uid, annotations } = speaker
    const isOwnWish = hpaConfigIn(speaker)['behavior'] !== undefined
    if (hpa.behavior !== undefined && !isOwnWish && annotations[adoptedBehavior] !== hpa.behavior) {
      await writer.write({ method: 'PATCH', urgency: 'down', path: objectPath(ref.apiVersion, plural, ref.namespace, ref.name), body: { metadata: { uid, annotations: { [adoptedBehavior]: hpa.behavior } } } })
    }
    const answer = await writer.write({
      method: 'DELETE', urgency: 'down', path: objectPath('autoscaling/v2', 'horizontalpodautoscalers', hpa.namespace, hpa.name),
      body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: hpa.uid } },
    })
    if (answer !== undefined) log.info({ object: refKey(ref), hpa: `${hpa.namespace}/${hpa.name}` }, 'removed the autoscaler whose place we take')
  }
}

const adoptedBehavior = annotation('adopted-behavior')

const stays = (hpa: Hpa, speaker: CustomResource | undefined): string =>
  `${nameOf(hpa)} scales ${hpa.target.kind} ${hpa.target.name} too; nothing is written while it exists; ${wayOut(hpa, speaker)}`

function wayOut (hpa: Hpa, speaker: CustomResource | undefined): string {
  if (speaker === undefined || speaker.ref.kind !== 'ScaledObject') return 'delete it, or set scale.mode: External'
  if (isKedas(hpa, speaker)) return `pause KEDA on ${speaker.ref.name} (autoscaling.${names.kedaGroup}/paused: "true"): it removes its autoscaler then`
  return asksForTransfer(speaker) ? 'name it in advanced.horizontalPodAutoscalerConfig.name to take its place'
    : `delete it, or delete this object, or take its place (scaledobject.${names.kedaGroup}/transfer-hpa-ownership: "true", and its name in advanced.horizontalPodAutoscalerConfig.name)`
}

const goes = (hpa: Hpa, failure: string | undefined): string =>
  `${nameOf(hpa)} is to be replaced by this object after the first good look at its sources; nothing is written while it exists${failure === undefined ? '' : `; ${failure}`}`

const nameOf = (hpa: Hpa): string => `HorizontalPodAutoscaler ${hpa.namespace}/${hpa.name}`
