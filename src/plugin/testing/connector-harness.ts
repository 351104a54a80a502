import type { Kit } from '../kit.js'
import type { Values } from '../../spec/config-spec.js'

/** One test: it passes when `run` resolves. */
export interface SuiteCase { readonly name: string, readonly run: () => Promise<void> }

/** One event source made for one case: nothing waits in it and nobody else uses it. */
export interface TestSource {
  /** What a user would write below `source`, and the credentials that go with it. */
  readonly values: Values
  /** The Kit to open with, where the source needs a particular one. */
  readonly kit?: Kit
  /** Makes `count` events, each with a body of its own. Called after the connector was opened. */
  publish(count: number): Promise<void>
  /** Events that were not settled for good: waiting or handed out. Absent where the source cannot tell. */
  left?(): Promise<number>
  /** Events that the source counts as handed out and not settled. Absent where it cannot tell. */
  handedOut?(): Promise<number>
  /** Ends the broker as a crash would, and starts it again on the same address with what it had stored. */
  crash?(): Promise<void>
  /** A place for dead letters, and what is stored there. */
  readonly deadLetters?: { readonly destination: Readonly<Record<string, unknown>>, stored(): Promise<number> }
  close(): Promise<void>
}

/** How the suite reaches the real thing. */
export interface ConnectorHarness {
  source(): Promise<TestSource>
  /** Values that name an address where nothing answers. Absent: the source has no address. */
  readonly unreachable?: Values
  /** Reads YAML; the suite parses the definition's examples with it. */
  yaml(text: string): unknown
  /** A delay that the source can keep, for the retry case. */
  readonly retryAfterMs?: number
  /** Longest time a case waits for one event. */
  readonly patienceMs?: number
}
