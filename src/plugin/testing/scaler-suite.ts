import { checkConfig, parseConfig, type ReadOptions, type Values } from '../../spec/config-spec.js'
import type { Kit } from '../kit.js'
import { measuredAs, type Look, type Measurement } from '../reading.js'
import type { Scaler, ScalerDefinition } from '../scaler.js'
import type { SuiteCase } from './connector-harness.js'
import { ensure, equal, eventually, tidegateError, within } from './expect.js'
import { testKit } from './kit.js'

/** Something to look at, made for one case. */
export interface TestReadable {
  /** What a user would write in `metadata`, and the credentials that go with it. */
  readonly values: Values
  /** The Kit to open with, where the source needs a particular one. */
  readonly kit?: Kit
  /** Makes the source hold this much. */
  put(value: number): Promise<void>
  /** Makes a look be `absent`, where that can happen. */
  vanish?(): Promise<void>
  /** Does what the doorbell is there for, where the scaler has one. Called once it is armed. */
  stir?(): Promise<void>
  close(): Promise<void>
}

/** How the suite reaches the real thing. */
export interface ScalerHarness {
  source(): Promise<TestReadable>
  /** Two values that the source can hold: one above the activation threshold of `values`, one that is the threshold itself (or below it). */
  readonly amounts: readonly [number, number]
  /** Values that name an address where nothing answers. Absent: the source has no address. */
  readonly unreachable?: Values
  /** Values with a credential that the source refuses, and texts that no message may show. Absent: there are no credentials. */
  refused?(): Promise<{ readonly values: Values, readonly secrets: readonly string[], close(): Promise<void> }>
  /** Where the place of the source is named: every error's message must hold it. */
  readonly place?: string
  /** Reads YAML; the suite checks the definition's examples with it. */
  yaml(text: string): unknown
  /** Longest time a case waits for one look. */
  readonly patienceMs?: number
}

/** Every promise of the scaler contract as a test. Run each case as one test of any runner; cases are independent of each other. */
export function scalerSuite<C> (definition: ScalerDefinition<C>, harness: ScalerHarness): readonly SuiteCase[] {
  const suite = new Cases(definition, harness)
  return [
    { name: 'metadata is complete', run: async () => suite.metadata() },
    { name: 'examples parse', run: async () => suite.examples() },
    { name: 'measure is pure and normalised', run: () => suite.measure() },
    { name: 'a look gives what is there', run: () => suite.reads() },
    { name: 'active is strictly more than the activation threshold', run: () => suite.activation() },
    { name: 'what is not there yet is absent, not zero and not an error', run: () => suite.vanishes() },
    { name: 'a look ends when its signal aborts', run: () => suite.honoursSignal() },
    { name: 'an address where nothing answers fails with a source code and names the place', run: () => suite.unreachable() },
    { name: 'a refused credential fails as such and is not shown', run: () => suite.refused() },
    { name: 'the doorbell rings, and ends when its signal aborts', run: () => suite.rings() },
    { name: 'close may be called twice, and before any look', run: () => suite.closeTwice() },
    { name: 'nothing stays open after close', run: () => suite.leavesNothing() },
  ]
}

class Cases<C> {
  readonly #definition: ScalerDefinition<C>
  readonly #harness: ScalerHarness
  readonly #patienceMs: number
  constructor (definition: ScalerDefinition<C>, harness: ScalerHarness) {
    this.#definition = definition
    this.#harness = harness
    this.#patienceMs = harness.patienceMs ?? 15_000
  }

  metadata (): void {
    const { type, title, summary, since, examples, config } = this.#definition
    ensure(/^([a-z0-9.-]+\/)?[a-z][a-z0-9-]*$/.test(type), `type ${type} is kebab-case`)
    ensure(title !== '' && /^\d+\.\d+\.\d+$/.test(since), 'a title, and a version in since')
    ensure(/^[A-Z].*\.$/.test(summary), 'the summary is one sentence with a full stop')
    ensure(examples.every(e => e.title !== ''), 'each example has a title')
    for (const [name, field] of Object.entries(config.fields)) ensure(/\.$/.test(field.options.summary), `field ${name}: a summary that ends with a full stop`)
  }

  examples (): void {
    for (const { title, yaml } of this.#definition.examples) {
      const { type, metadata = {} } = this.#harness.yaml(yaml) as { readonly type?: unknown, readonly metadata?: Values['metadata'] }
      equal(type, this.#definition.type, `${title}: type`)
      const problems = checkConfig(this.#definition.config, metadata, {}, this.#options)
      ensure(problems.length === 0, `${title}: ${JSON.stringify(problems)}`)
    }
  }

  measure (): Promise<void> {
    return this.#with(async ({ source }) => {
      const config = this.#parse(source.values)
      const measure = this.#definition.measure(config)
      equal(this.#definition.measure(config), measure, 'measure asked twice')
      ensure(measure.target > 0, `target ${measure.target} is more than 0`)
      ensure(!/[/.:%()]/.test(measure.name) && !/^s\d+-/.test(measure.name), `metric name ${measure.name} is normalised and has no index`)
    })
  }

  reads (): Promise<void> {
    return this.#with(async ({ source, scaler }) => {
      for (const amount of this.#harness.amounts) {
        await source.put(amount)
        // A look may be as old as the freshness that the scaler allows itself.
        await eventually(`a look sees ${amount}`, () => this.#value(scaler), value => value === amount, this.#patienceMs)
      }
    })
  }

  activation (): Promise<void> {
    return this.#with(async ({ source, scaler }) => {
      const [above, at] = this.#harness.amounts
      for (const [amount, isWanted] of [[above, true], [at, false]] as const) {
        await source.put(amount)
        const seen = await eventually(`a look sees ${amount}`, () => this.#first(scaler), m => m?.value === amount, this.#patienceMs)
        equal(seen?.active ?? amount > (seen?.activation ?? Infinity), isWanted, `active at ${amount} with threshold ${seen?.activation ?? 'unknown'}`)
      }
    })
  }

  vanishes (): Promise<void> {
    return this.#with(async ({ source, scaler }) => {
      if (source.vanish === undefined) return
      await source.vanish()
      const look = await eventually('an absent look', () => this.#look(scaler), seen => 'kind' in seen, this.#patienceMs)
      ensure('kind' in look && look.why !== '', 'an absent look says why')
    })
  }

  honoursSignal (): Promise<void> {
    return this.#with(async ({ scaler }) => {
      await within(this.#patienceMs, 'a look whose signal had aborted', scaler.read(AbortSignal.abort()).then(() => undefined, () => undefined))
      const stop = new AbortController()
      const looking = scaler.read(stop.signal).then(() => undefined, () => undefined)
      stop.abort()
      await within(this.#patienceMs, 'a look whose signal aborts on the way', looking)
    })
  }

  async unreachable (): Promise<void> {
    if (this.#harness.unreachable === undefined) return
    const error = await this.#failedLook(this.#harness.unreachable)
    ensure(error.code.startsWith('TG_SOURCE_'), `code ${error.code} is not a source code`)
    ensure(this.#harness.place === undefined || error.message.includes(this.#harness.place), `"${error.message}" does not name ${this.#harness.place ?? ''}`)
  }

  async refused (): Promise<void> {
    const refused = await this.#harness.refused?.()
    if (refused === undefined) return
    try {
      const error = await this.#failedLook(refused.values)
      equal(error.code, 'TG_SOURCE_REFUSED', 'code of a refused credential')
      const shown = [error.message, error.hint, error.stack, JSON.stringify(error), String(error.cause)].join('\n')
      for (const secret of refused.secrets) ensure(!shown.includes(secret), 'an error shows a secret')
    } finally { await refused.close() }
  }

  rings (): Promise<void> {
    return this.#with(async ({ source, scaler }) => {
      if (scaler.watch === undefined || source.stir === undefined) return
      const stop = new AbortController()
      const rings = scaler.watch(stop.signal)[Symbol.asyncIterator]()
      const first = rings.next()
      await source.stir()
      const ring = await within(this.#patienceMs, 'the first ring', first)
      ensure(ring.done !== true && (ring.value === 'ring' || ring.value.value >= 0), 'a ring or a measurement')
      const afterwards = rings.next()
      stop.abort()
      await within(this.#patienceMs, 'the doorbell ends', afterwards)
    })
  }

  closeTwice (): Promise<void> {
    return this.#with(async ({ scaler }) => {
      await scaler.close()
      await scaler.close()
    })
  }

  leavesNothing (): Promise<void> {
    const kit = testKit()
    return this.#with(async ({ scaler }) => {
      await scaler.read(new AbortController().signal)
      await scaler.close()
      equal(kit.openCount(), 0, 'shared things left open')
    }, kit)
  }

  get #options (): ReadOptions {
    return { path: ['metadata'], mode: 'text', unknownKeys: 'error', about: `"${this.#definition.type}"` }
  }

  #parse (values: Values): C {
    const parsed = parseConfig(this.#definition.config, values, this.#options)
    ensure(parsed.ok, JSON.stringify(parsed.problems))
    return parsed.value
  }

  async #open (values: Values, kit: Kit): Promise<Scaler> {
    const config = this.#parse(values)
    return await this.#definition.open(config, kit, measuredAs(this.#definition.measure(config)))
  }

  async #with (story: (opened: { readonly source: TestReadable, readonly scaler: Scaler }) => Promise<void>, kit?: Kit): Promise<void> {
    const source = await this.#harness.source()
    try {
      const scaler = await this.#open(source.values, source.kit ?? kit ?? testKit())
      try { await story({ source, scaler }) } finally { await scaler.close() }
    } finally { await source.close() }
  }

  /** A failed open is allowed to say the same as a failed look. */
  async #failedLook (values: Values): ReturnType<typeof tidegateError> {
    const looking = this.#open(values, testKit()).then(async scaler => {
      try { return await scaler.read(new AbortController().signal) } finally { await scaler.close() }
    })
    return await within(this.#patienceMs, 'a look that must fail', tidegateError('the look', looking))
  }

  #look (scaler: Scaler): Promise<Look> {
    return within(this.#patienceMs, 'a look', scaler.read(new AbortController().signal))
  }

  async #first (scaler: Scaler): Promise<Measurement | undefined> {
    const look = await this.#look(scaler)
    return 'kind' in look ? undefined : look[0]
  }

  async #value (scaler: Scaler): Promise<number | undefined> { return (await this.#first(scaler))?.value }
}
