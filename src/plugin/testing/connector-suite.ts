import type { Connector, ConnectorDefinition, Delivery } from '../connector.js'
import { checkConfig, parseConfig, type ReadOptions, type Values } from '../../spec/config-spec.js'
import { testCapacity, type TestCapacity } from './capacity.js'
import type { ConnectorHarness, SuiteCase, TestSource } from './connector-harness.js'
import { ensure, equal, eventually, tidegateError, within } from './expect.js'
import { testKit } from './kit.js'

export type { SuiteCase } from './connector-harness.js'

/** Every promise of the connector contract as a test. Run each case as one test of any runner; cases are independent of each other. */
export function connectorSuite<C> (definition: ConnectorDefinition<C>, harness: ConnectorHarness): readonly SuiteCase[] {
  const suite = new Cases(definition, harness)
  const { guarantees } = definition
  const comesBack = guarantees.redelivery === 'broker'
  return [
    { name: 'metadata is complete', run: async () => suite.metadata() },
    { name: 'examples parse', run: async () => suite.examples() },
    { name: 'delivers every event', run: () => suite.delivers() },
    { name: 'an ack is final', run: () => suite.ackIsFinal() },
    ...(comesBack ? [{ name: 'what was released comes back', run: () => suite.releaseComesBack() }] : []),
    ...(comesBack && guarantees.delayedRetry ? [{ name: 'a retry comes back after its delay', run: () => suite.retryComesBack() }] : []),
    ...(comesBack ? [{ name: 'what was in hand at the end comes back to the next', run: () => suite.nextTakesOver() }] : []),
    { name: 'abort ends receive and leaves nothing handed out', run: () => suite.abortEnds() },
    { name: 'close may be called twice, and before receive', run: () => suite.closeTwice() },
    { name: 'takes no more than there are slots', run: () => suite.backPressure() },
    { name: 'slots that appear are used, and none at all stops it', run: () => suite.slotsChange() },
    { name: 'an address where nothing answers rejects with a source code', run: () => suite.unreachable() },
    { name: 'a crash of the broker loses nothing that was stored', run: () => suite.crash() },
    { name: 'a dead letter is stored when publish resolves', run: () => suite.deadLetter() },
    { name: 'extend keeps the lease', run: () => suite.extendKeeps() },
  ]
}

/** A connector on a fresh source, and the way out. */
interface Opened { readonly source: TestSource, readonly connector: Connector, readonly capacity: TestCapacity, readonly stop: AbortController, readonly next: () => Promise<Delivery> }

class Cases<C> {
  readonly #definition: ConnectorDefinition<C>
  readonly #harness: ConnectorHarness
  readonly #patienceMs: number
  constructor (definition: ConnectorDefinition<C>, harness: ConnectorHarness) {
    this.#definition = definition
    this.#harness = harness
    this.#patienceMs = harness.patienceMs ?? 15_000
  }

  metadata (): void {
    const { type, sourceKey, summary, title, since, examples } = this.#definition
    equal(sourceKey, type.replace(/-([a-z0-9])/g, (_dash, letter: string) => letter.toUpperCase()), 'sourceKey is the type in camelCase')
    ensure(title !== '' && /^\d+\.\d+\.\d+$/.test(since), 'a title, and a version in since')
    ensure(/^[A-Z].*\.$/.test(summary), 'the summary is one sentence with a full stop')
    ensure(examples.every(e => e.title !== ''), 'each example has a title')
    for (const [name, field] of Object.entries(this.#definition.config.fields)) ensure(/\.$/.test(field.options.summary), `field ${name}: a summary that ends with a full stop`)
  }

  examples (): void {
    // As lint does: what an example takes from a variable or a credential counts as given.
    for (const { title, yaml } of this.#definition.examples) {
      const problems = checkConfig(this.#definition.config, this.#harness.yaml(yaml) as Values['metadata'], {}, this.#options)
      ensure(problems.length === 0, `${title}: ${JSON.stringify(problems)}`)
    }
  }

  delivers (): Promise<void> {
    return this.#with(4, async ({ source, next }) => {
      await source.publish(4)
      const deliveries = [await next(), await next(), await next(), await next()]
      equal(new Set(deliveries.map(d => d.event.id)).size, 4, 'ids that differ')
      for (const { event, handOuts } of deliveries) {
        ensure(event.source !== '' && event.type !== '' && event.contentType !== '', 'source, type and content type are set')
        ensure(Object.keys(event.extensions).every(key => /^[a-z0-9]+$/.test(key)), 'extension names of lower-case letters and digits')
        equal(handOuts, 1, 'handOuts of a first delivery')
      }
      for (const delivery of deliveries) await delivery.settle({ kind: 'ack' })
      await this.#leaves(source, 0)
    })
  }

  ackIsFinal (): Promise<void> {
    return this.#with(2, async ({ source, connector, next, stop }) => {
      await source.publish(2)
      const [first, second] = [await next(), await next()]
      await first.settle({ kind: 'ack' })
      await second.settle({ kind: 'ack' })
      await this.#leaves(source, 0)
      stop.abort()
      await connector.close()
      if (source.left !== undefined) equal(await source.left(), 0, 'events left after close')
    })
  }

  releaseComesBack (): Promise<void> {
    return this.#with(1, async ({ source, next }) => {
      await source.publish(1)
      const first = await next()
      await first.settle({ kind: 'release' })
      const again = await next()
      equal(again.event.id, first.event.id, 'the same event')
      await again.settle({ kind: 'ack' })
      await this.#leaves(source, 0)
    })
  }

  retryComesBack (): Promise<void> {
    return this.#with(1, async ({ source, next }) => {
      const afterMs = this.#harness.retryAfterMs ?? 400
      await source.publish(1)
      const first = await next()
      const settledAt = performance.now()
      await first.settle({ kind: 'retry', afterMs })
      const again = await next()
      equal(again.event.id, first.event.id, 'the same event')
      const waitedMs = performance.now() - settledAt
      ensure(waitedMs >= afterMs * 0.9, `came back after ${waitedMs} ms, too soon for ${afterMs} ms`)
      await again.settle({ kind: 'ack' })
      await this.#leaves(source, 0)
    })
  }

  nextTakesOver (): Promise<void> {
    return this.#with(8, async ({ source, connector, next, stop }) => {
      await source.publish(8)
      const seen = new Set<string>()
      const [kept, acked] = [await next(), await next()]
      await acked.settle({ kind: 'ack' })
      seen.add(acked.event.id)
      stop.abort()
      await kept.settle({ kind: 'release' })
      await connector.close()
      await this.#takeAll(source, seen, 8)
    })
  }

  abortEnds (): Promise<void> {
    return this.#with(1, async ({ source, connector, capacity, stop }) => {
      const ended = (async () => { for await (const delivery of connector.receive(stop.signal, capacity)) await delivery.settle({ kind: 'release' }) })()
      stop.abort()
      await within(this.#patienceMs, 'receive returns after abort', ended)
      await connector.close()
      if (source.handedOut !== undefined) await eventually('nothing stays handed out', () => source.handedOut?.(), n => n === 0, this.#patienceMs)
    }, { receiving: false })
  }

  closeTwice (): Promise<void> {
    return this.#with(1, async ({ connector }) => {
      await connector.close()
      await connector.close()
    }, { receiving: false })
  }

  backPressure (): Promise<void> {
    return this.#with(1, async ({ source, next }) => {
      await source.publish(10)
      const only = await next()
      const handedOut = await source.handedOut?.()
      ensure(handedOut === undefined || handedOut <= 1, `one slot, and ${handedOut ?? 0} events handed out`)
      await only.settle({ kind: 'ack' })
      for (let i = 1; i < 10; i++) await (await next()).settle({ kind: 'ack' })
      await this.#leaves(source, 0)
    })
  }

  slotsChange (): Promise<void> {
    return this.#with(0, async ({ source, capacity, next }) => {
      await source.publish(6)
      if (source.handedOut !== undefined) equal(await source.handedOut(), 0, 'handed out without a slot')
      const first = next()
      capacity.set(3)
      const taken = [await first, await next(), await next()]
      if (source.handedOut !== undefined) equal(await source.handedOut(), 3, 'handed out with three slots')
      for (const delivery of taken) await delivery.settle({ kind: 'ack' })
      for (let i = 0; i < 3; i++) await (await next()).settle({ kind: 'ack' })
      await this.#leaves(source, 0)
    })
  }

  async unreachable (): Promise<void> {
    if (this.#harness.unreachable === undefined) return
    const opening = this.#definition.open(this.#parse(this.#harness.unreachable, 'unreachable'), testKit())
    const error = await within(this.#patienceMs, 'open of an unreachable source rejects', tidegateError('open', opening))
    ensure(error.code.startsWith('TG_SOURCE_'), `code ${error.code} is not a source code`)
  }

  crash (): Promise<void> {
    return this.#with(2, async ({ source, connector, next, stop }) => {
      if (source.crash === undefined) return
      await source.publish(6)
      const seen = new Set<string>()
      const first = await next()
      await first.settle({ kind: 'ack' })
      seen.add(first.event.id)
      await eventually('the ack arrives', async () => await source.left?.() ?? 5, n => n === 5)
      await source.crash()
      stop.abort()
      await within(this.#patienceMs, 'close after a crash', connector.close())
      await this.#takeAll(source, seen, 6)
    })
  }

  deadLetter (): Promise<void> {
    return this.#with(1, async ({ source, connector, next, stop }) => {
      if (source.deadLetters === undefined) return
      ensure(connector.publish !== undefined, 'a connector with a place for dead letters can publish')
      await source.publish(1)
      const delivery = await next()
      await connector.publish(delivery.event, source.deadLetters.destination, stop.signal)
      equal(await source.deadLetters.stored(), 1, 'dead letters stored')
      await delivery.settle({ kind: 'ack' })
    })
  }

  extendKeeps (): Promise<void> {
    return this.#with(2, async ({ source, next, stop }) => {
      await source.publish(1)
      const held = await next()
      const { leaseMs } = held
      if (held.extend === undefined || leaseMs === undefined || leaseMs > 3000) { await held.settle({ kind: 'ack' }); return }
      const kit = source.kit ?? testKit()
      let cameBack = false
      const again = next().then(() => { cameBack = true }, () => undefined)
      for (let waitedMs = 0; waitedMs < leaseMs * 2; waitedMs += leaseMs / 4) {
        await kit.clock.sleep(leaseMs / 4)
        await held.extend()
      }
      ensure(!cameBack, 'an extended delivery was handed out again')
      await held.settle({ kind: 'ack' })
      await this.#leaves(source, 0)
      stop.abort()
      await again
    })
  }

  get #options (): ReadOptions {
    return { path: ['source', this.#definition.sourceKey], mode: 'either', unknownKeys: 'error', about: `"${this.#definition.type}"` }
  }

  #parse (values: Values, what: string): C {
    const parsed = parseConfig(this.#definition.config, values, this.#options)
    ensure(parsed.ok, `${what}: ${JSON.stringify(parsed.problems)}`)
    return parsed.value
  }

  async #leaves (source: TestSource, count: number): Promise<void> {
    if (source.left !== undefined) await eventually(`${count} events left in the source`, () => source.left?.(), n => n === count, this.#patienceMs)
  }

  /** A second connector on the same source takes what is left, also what it was given twice; together with `seen` every event was handed out. */
  async #takeAll (source: TestSource, seen: Set<string>, total: number): Promise<void> {
    await this.#on(source, total, async ({ next, stop }) => {
      const taking = (async () => {
        while (!stop.signal.aborted) {
          const delivery = await next()
          seen.add(delivery.event.id)
          await delivery.settle({ kind: 'ack' })
        }
      })().catch((error: unknown) => error)
      await eventually(`${total} events seen`, () => seen.size, n => n === total, this.#patienceMs)
      await this.#leaves(source, 0)
      stop.abort()
      await taking
    })
  }

  async #with (slots: number, story: (opened: Opened) => Promise<void>, options: { receiving?: boolean } = {}): Promise<void> {
    const source = await this.#harness.source()
    try { await this.#on(source, slots, story, options) } finally { await source.close() }
  }

  async #on (source: TestSource, slots: number, story: (opened: Opened) => Promise<void>, { receiving = true } = {}): Promise<void> {
    const connector = await this.#definition.open(this.#parse(source.values, 'source'), source.kit ?? testKit())
    const stop = new AbortController()
    const capacity = testCapacity(slots)
    const deliveries = receiving ? connector.receive(stop.signal, capacity)[Symbol.asyncIterator]() : undefined
    const next = async (): Promise<Delivery> => {
      ensure(deliveries !== undefined, 'this case receives by itself')
      const result = await within(this.#patienceMs, 'the next delivery', deliveries.next())
      ensure(result.done !== true, 'receive ended')
      return result.value
    }
    try { await story({ source, connector, capacity, stop, next }) } finally {
      stop.abort()
      await connector.close()
    }
  }
}
