import { onAbort, type Capacity, type Delivery, type Envelope, type EpochMs, type Kit, type Settlement } from '../plugin/index.js'
import { dueTicks, nextTick, onTimeMs, type CatchUp, type Schedule } from '../plugin/schedule.js'
import { ringOn } from './cron-bell.js'
import type { TickLedger } from './tick-ledger.js'

export interface TickOptions {
  readonly schedule: Schedule
  readonly ledger: TickLedger
  readonly catchUp: CatchUp
  /** An event begins only when the one before is done. */
  readonly isOneAtATime: boolean
  /** Seconds of a minute in which something may be due; undefined for `@every`. */
  readonly seconds: readonly number[] | undefined
  readonly toEvent: (tick: EpochMs, isCatchUp: boolean) => Envelope
}

/** A claimed tick that nobody has in hand. */
interface Waiting {
  readonly tick: EpochMs
  /** Hand-outs so far; one that another owner left behind may have been handed out. */
  readonly handOuts: number
}

/** Each firing claims all that is due and not decided on; what is claimed is handed out until it is done. */
export function receiveTicks (options: TickOptions, kit: Kit): (signal: AbortSignal, capacity: Capacity) => AsyncIterable<Delivery> {
  return async function * (signal, capacity) {
    const run = new Run(options, kit, capacity, signal)
    const { ledger, schedule, seconds } = options
    const stopBell = await ringOn({ seconds, next: () => nextTick(schedule, ledger.upTo, kit.clock.now()), fire: () => run.fire() }, kit)
    const stop = (): void => { stopBell(); run.stop() }
    const forget = onAbort(signal, stop)
    try {
      yield * run.deliveries()
    } finally {
      forget()
      stop()
    }
  }
}

class Run {
  readonly #options: TickOptions
  readonly #kit: Kit
  readonly #capacity: Capacity
  readonly #signal: AbortSignal
  readonly #waiting: Waiting[]
  readonly #timers = new Set<() => void>()
  #inHand = 0
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => undefined
  constructor (options: TickOptions, kit: Kit, capacity: Capacity, signal: AbortSignal) {
    this.#options = options
    this.#kit = kit
    this.#capacity = capacity
    this.#signal = signal
    this.#waiting = options.ledger.claimed.map(tick => ({ tick, handOuts: 1 }))
  }

  /** Also while nobody asks for a delivery: a tick seen in time is claimed, whoever is busy. */
  fire (): void {
    this.#claim().then(() => this.#wake(), (error: unknown) => {
      this.#failure = { error }
      this.#wake()
    })
  }

  async * deliveries (): AsyncGenerator<Delivery> {
    while (!this.#signal.aborted) {
      await this.#claim()
      if (this.#failure !== undefined) throw this.#failure.error
      const next = this.#isFree() ? this.#waiting.shift() : undefined
      if (next === undefined) await this.#change()
      else yield this.#deliver(next)
    }
  }

  stop (): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #isFree (): boolean {
    return this.#inHand < (this.#options.isOneAtATime ? Math.min(1, this.#capacity.slots()) : this.#capacity.slots())
  }

  /** Nothing is claimed while the Trigger takes nothing: what passes meanwhile is missed, and `missedRuns` says what of it is made up for. */
  async #claim (): Promise<void> {
    await this.#giveUpLate()
    const { ledger, schedule, catchUp, isOneAtATime } = this.#options
    if (this.#signal.aborted || this.#capacity.slots() === 0 || (isOneAtATime && this.#inHand + this.#waiting.length > 0)) return
    const ticks = await ledger.claim(since => {
      const due = dueTicks(schedule, since, this.#kit.clock.now(), catchUp)
      if (!isOneAtATime) return due
      return catchUp.missedRuns === 'All' ? due.slice(0, 1) : due.slice(-1) // what was due beside it may not begin: it is let go, or waits for its turn
    })
    this.#waiting.push(...ticks.map(tick => ({ tick, handOuts: 0 })))
  }

  /** What was handed out once is never given up: somebody may have begun. */
  async #giveUpLate (): Promise<void> {
    const oldest = this.#kit.clock.now() - this.#options.catchUp.startingDeadlineMs
    const late = this.#waiting.filter(({ tick, handOuts }) => handOuts === 0 && tick < oldest)
    if (late.length === 0) return
    for (const one of late) this.#waiting.splice(this.#waiting.indexOf(one), 1)
    this.#kit.log.warn({ scheduled: late.map(({ tick }) => new Date(tick).toISOString()) }, 'starting deadline missed')
    await this.#options.ledger.done(late.map(({ tick }) => tick))
  }

  #deliver ({ tick, handOuts }: Waiting): Delivery {
    this.#inHand++
    const isCatchUp = handOuts > 0 || this.#kit.clock.now() - tick > onTimeMs
    const again: Waiting = { tick, handOuts: handOuts + 1 }
    return {
      event: this.#options.toEvent(tick, isCatchUp),
      handOuts: again.handOuts,
      settle: async settlement => {
        try {
          await this.#settle(again, settlement)
        } finally {
          this.#inHand--
          this.#wake()
        }
      },
    }
  }

  async #settle (again: Waiting, settlement: Settlement): Promise<void> {
    switch (settlement.kind) {
      case 'ack': return await this.#options.ledger.done([again.tick])
      case 'release': this.#waiting.unshift(again); return
      case 'retry': return this.#later(settlement.afterMs, () => { this.#waiting.unshift(again); this.#wake() })
    }
  }

  #later (ms: number, fn: () => void): void {
    const cancel = this.#kit.clock.after(ms, () => { this.#timers.delete(cancel); fn() })
    this.#timers.add(cancel)
  }

  /** Resolves when slots changed, a tick was claimed or settled, or the signal aborts. */
  async #change (): Promise<void> {
    const waiting = new AbortController()
    const forget = onAbort(this.#signal, () => waiting.abort())
    this.#wake = () => waiting.abort()
    await this.#capacity.changed(waiting.signal)
    forget()
  }
}
