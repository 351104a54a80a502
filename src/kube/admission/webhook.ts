import { admissionProblems, leavesWishes, type AdmissionNeighbours } from '../../api/index.js'
import { errorMessage } from '../../core/errors.js'
import { isError, type Problem } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'
import type { Clock, Log } from '../../runtime/ports.js'
import type { KubeHttp } from '../api/http.js'
import { CertificateKeeper } from './keeper.js'
import { answerTo, requestOf, type ReviewRequest } from './review.js'
import { ReviewServer } from './server.js'

export interface WebhookOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** Of the Service that it is called by, of the Secret with its certificate, and of the ValidatingWebhookConfiguration. */
  readonly name: string
  /** What is wrong with an object by itself, in the words of `lint`. */
  readonly check: (object: Readonly<Record<string, unknown>>) => readonly Problem[]
  /** Told after every review. */
  readonly onReview: (review: { readonly kind: string, readonly action: 'create' | 'update', readonly namespace: string, readonly outcome: ReviewOutcome }) => void
}
export type ReviewOutcome = 'allowed' | 'denied' | 'skipped'

/** What is known of the cluster without asking it. */
export interface Surroundings {
  /** An object that is KEDA's here, or that we do not look at, is none of our business. */
  isOthers(object: Readonly<Record<string, unknown>>): boolean
  neighboursIn(namespace: string): AdmissionNeighbours
}

export interface WebhookParts extends WebhookOptions {
  readonly http: KubeHttp
  readonly clock: Clock
  readonly log: Log
  /** Where the Secret and the Service are. */
  readonly namespace: string
  readonly surroundings: Surroundings
}

/** The validating admission webhook: refuses what `lint` would call an error. Every replica serves it, from what is known already. */
export class AdmissionWebhook {
  readonly #parts: WebhookParts
  readonly #server: ReviewServer
  readonly #stopping = new AbortController()
  #keeping: Promise<void> = Promise.resolve()
  #taking: Promise<void> = Promise.resolve()

  constructor (parts: WebhookParts) {
    this.#parts = parts
    this.#server = new ReviewServer(body => this.#answer(body))
  }

  /** Serves as soon as there is a certificate; a webhook that cannot is no reason to scale nothing, so that this never fails. */
  start (): void {
    const { http, clock, log, namespace, name, host, port } = this.#parts
    const service = `${name}.${namespace}`
    const hosts = [`${service}.svc`, `${service}.svc.cluster.local`, 'localhost', '127.0.0.1'] // the last two for an operator outside the cluster
    const keeper = new CertificateKeeper({ http, clock, log, namespace, name, hosts })
    this.#keeping = keeper.run(({ serving }) => {
      this.#taking = this.#taking.then(() => this.#server.use(serving, host, port)).then(
        bound => { if (bound.isNew) log.info({ host, port: bound.port }, 'the webhook is served') },
        (error: unknown) => log.error({ err: errorMessage(error) }, 'the webhook is not served'))
    }, this.#stopping.signal)
  }

  async stop (): Promise<void> {
    this.#stopping.abort()
    await this.#keeping
    await this.#taking
    await this.#server.stop()
  }

  #answer (body: unknown): unknown {
    const request = requestOf(body)
    if (request === undefined) return undefined
    const problems = this.#problemsOf(request)
    const { object, operation } = request
    if (operation === 'CREATE' || operation === 'UPDATE') {
      this.#parts.onReview({
        kind: String(object['kind']), namespace: namespaceOf(object), action: operation === 'CREATE' ? 'create' : 'update',
        outcome: problems === undefined ? 'skipped' : problems.some(isError) ? 'denied' : 'allowed',
      })
    }
    return answerTo(request.uid, problems ?? [])
  }

  /** Undefined: not looked at. */
  #problemsOf ({ operation, object, oldObject }: ReviewRequest): readonly Problem[] | undefined {
    const { check, surroundings } = this.#parts
    if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
    if (leavesWishes(object, oldObject) || surroundings.isOthers(object)) return undefined
    return [...check(object), ...admissionProblems(object, surroundings.neighboursIn(namespaceOf(object)))]
  }
}

function namespaceOf ({ metadata }: Readonly<Record<string, unknown>>): string {
  return isMapping(metadata) && typeof metadata['namespace'] === 'string' ? metadata['namespace'] : ''
}
