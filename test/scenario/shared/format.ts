import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../servers/kube.js'

/**
 * One scenario, a YAML file: this document first, the ScaledObjects and Triggers after it. `${nats}`, `${natsMonitoring}` and `${azurite}` stand for
 * the addresses of its servers, `${dir}` for a folder of its own. The same file is played on one machine and in a cluster.
 */
export interface Scenario {
  readonly title: string
  /** `azurite-stored` finds its queues again after a restart, as nats always does. */
  readonly servers: readonly ('nats' | 'azurite' | 'azurite-stored')[]
  /** Deployments with a Service of the fixture function, by name, with what stands in their environment. */
  readonly functions?: Readonly<Record<string, Environment>>
  /** Deployments without a Service. */
  readonly workers?: Readonly<Record<string, { readonly program: 'function' | 'queue-worker', readonly env?: Environment }>>
  /** Before Tidegate starts. */
  readonly prepare?: readonly Step[]
  readonly steps: readonly Step[]
  /** Every count that a Deployment was given, from the first on. */
  readonly timeline?: Readonly<Record<string, readonly number[]>>
  /** The highest of them, where what lies between depends on the moment. */
  readonly most?: Readonly<Record<string, number>>
}
type Environment = Readonly<Record<string, string>>

type By<T> = Readonly<Record<string, T>>
/** An object as `Kind/name`. */
type ByObject<T> = By<T>

/** What can stand in a step: something that is done, or something that is waited for. */
export interface Words {
  stream: { readonly name: string, readonly subjects: readonly string[] }
  consumer: { readonly stream: string, readonly durable: string }
  queue: string
  /** Bodies are 0, 1, 2, … unless one is given. */
  publish: { readonly jetstream?: string, readonly nats?: string, readonly azureQueue?: string, readonly count?: number, readonly body?: string }
  purge: string
  server: By<'kill' | 'restart'>
  tidegate: 'start' | 'stop' | 'kill'
  /** A merge patch. */
  edit: ByObject<Readonly<Record<string, unknown>>>
  /** Variables of a Deployment's container: its pods are replaced. */
  env: By<Environment>
  delete: readonly string[]
  touch: string
  repeat: { readonly times: number, readonly steps: readonly Step[] }
  /** Asked for, existing and ready: all of them. */
  replicas: By<number>
  /** The decision of an object goes on having this reason, and its target this count, for so long. */
  hold: { readonly object: string, readonly replicas: number, readonly reason: string, readonly seconds: number }
  remember: 'pods'
  pods: 'same' | 'replaced' | 'none'
  reason: ByObject<string>
  condition: ByObject<{ readonly type: string, readonly status: string, readonly message?: string }>
  /** So many different events have come; `more`: than when this step began. */
  delivered: By<number | { readonly more: number }>
  /** Exactly these, in the order of their attempts. */
  attempts: By<readonly number[]>
  /** Calls came to so many different processes. */
  processes: By<number>
  /** Of ticks: each second once and none missing; or exactly one came twice. */
  ids: By<'consecutive' | 'one twice'>
  counts: ByObject<{ readonly deadLettered?: number, readonly delivered?: number, readonly lastFailure?: string }>
  depth: By<number>
  letter: By<string>
  /** The last event woke its function, and the parts of that make up the whole. */
  woken: true
  /** An event of the story, by its reason. */
  event: string
  /** Every decision that was recorded is made again from its record; they had at least so many different reasons. */
  replays: { readonly reasons: number }
}
export type Step = { readonly [W in keyof Words]?: Words[W] }

/** A scenario file with its addresses filled in. */
export interface Read { readonly scenario: Scenario, readonly objects: readonly KubeObject[] }

export interface ScenarioFile {
  readonly title: string
  readonly servers: Scenario['servers']
  read(values: Readonly<Record<string, string>>): Read
}

/** Every scenario that is played in both worlds. */
export function scenarioFiles (): readonly ScenarioFile[] {
  const folder = import.meta.dirname
  return readdirSync(folder).filter(name => name.endsWith('.yaml')).sort().map(name => {
    const text = readFileSync(join(folder, name), 'utf8')
    const read = (values: Readonly<Record<string, string>>): Read => {
      const filled = text.replace(/\$\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole)
      const [first, ...objects] = parseAllDocuments(filled).map(document => document.toJS() as unknown)
      return { scenario: first as Scenario, objects: objects as readonly KubeObject[] }
    }
    const { title, servers } = read({}).scenario
    return { title: `${name.replace('.yaml', '')}: ${title}`, servers, read }
  })
}
