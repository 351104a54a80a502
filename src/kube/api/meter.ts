import type { Counter, Gauge, Telemetry } from '../../runtime/ports.js'

/** Counts what goes between us and the API server. */
export class Meter {
  readonly #telemetry: Telemetry
  readonly #objects = new Map<string, number>()

  constructor (telemetry: Telemetry) { this.#telemetry = telemetry }

  /** One request was answered; `code` 0: it was not. */
  asked (verb: string, code: number, ms: number): void {
    this.#telemetry.counter('api_requests_total', { verb, code: code === 0 ? 'none' : String(code) }).inc()
    if (verb !== 'watch') this.#telemetry.histogram('api_request_duration_seconds', { verb }).observe(ms / 1000)
  }

  /** How many requests of an urgency wait for their turn. */
  waiting (urgency: string): Gauge { return this.#telemetry.gauge('api_requests_waiting', { urgency }) }

  /** So many objects more, or fewer, are known of the collection at this path. */
  objects (path: string, change: number): void {
    const resource = resourceOf(path)
    const now = (this.#objects.get(resource) ?? 0) + change
    this.#objects.set(resource, now)
    this.#telemetry.gauge('watched_objects', { resource }).set(now)
  }

  /** A watch of this path had to be taken up again. */
  restarts (path: string): Counter { return this.#telemetry.counter('watch_restarts_total', { resource: resourceOf(path) }) }

  leader (holds: boolean): void { this.#telemetry.gauge('leader', {}).set(holds ? 1 : 0) }
}

/** `scaledobjects.keda.sh` or `pods`, whatever the namespace. */
function resourceOf (path: string): string {
  const [root, group = '', ...rest] = path.split('/').filter(part => part !== '')
  const plural = rest.at(-1) ?? ''
  return root === 'apis' ? `${plural}.${group}` : plural
}
