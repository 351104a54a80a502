import type { EpochMs, PluginState } from '../plugin/index.js'

/** What is remembered of a schedule, as JSON. Seconds since 1970. */
interface Page {
  readonly version: 1
  /** The schedule it is about: another one begins anew. */
  readonly schedule: string
  /** Every tick up to and including this instant was decided on: claimed, done, or missed. */
  readonly upTo: number
  /** To be delivered and not done, oldest first. */
  readonly claimed: readonly number[]
}

const key = 'ticks'

/**
 * The broker of a schedule: a tick is claimed before it is delivered and struck out when it is done, so that whoever owns the
 * schedule next finds what was not finished. Two owners may overlap for a moment: each write names the page it read.
 */
export class TickLedger {
  readonly #state: PluginState
  #page: Page
  #text: string | undefined
  #last: Promise<unknown> = Promise.resolve()
  private constructor (state: PluginState, page: Page, text: string | undefined) {
    this.#state = state
    this.#page = page
    this.#text = text
  }

  /** Reads the page; of a schedule never seen before, nothing that is past is due. */
  static async open (state: PluginState, schedule: string, now: EpochMs): Promise<TickLedger> {
    const text = await state.get(key)
    const fresh: Page = { version: 1, schedule, upTo: Math.floor(now / 1000), claimed: [] }
    const known = text === undefined ? undefined : readPage(text)
    const ledger = new TickLedger(state, known ?? fresh, text)
    if (known?.schedule !== schedule) await ledger.#write(page => ({ ...fresh, claimed: page.claimed }))
    return ledger
  }

  /** The last tick that was decided on. */
  get upTo (): EpochMs { return this.#page.upTo * 1000 }

  /** Claimed and not done, oldest first. */
  get claimed (): readonly EpochMs[] { return this.#page.claimed.map(seconds => seconds * 1000) }

  /** Claims the ticks that `due` names after the last one decided on; resolves with them when they are stored. */
  async claim (due: (since: EpochMs) => readonly EpochMs[]): Promise<readonly EpochMs[]> {
    let ticks: readonly EpochMs[] = []
    await this.#write(page => {
      ticks = due(page.upTo * 1000)
      const seconds = ticks.map(tick => tick / 1000)
      return seconds.length === 0 ? page : { ...page, upTo: Math.max(page.upTo, ...seconds), claimed: [...page.claimed, ...seconds] }
    })
    return ticks
  }

  /** Strikes out what is done. */
  async done (ticks: readonly EpochMs[]): Promise<void> {
    const gone = new Set(ticks.map(tick => tick / 1000))
    await this.#write(page => page.claimed.some(seconds => gone.has(seconds)) ? { ...page, claimed: page.claimed.filter(seconds => !gone.has(seconds)) } : page)
  }

  /** One write after the other; one that came too late is made again on the page that won. */
  #write (change: (page: Page) => Page): Promise<void> {
    const mine = this.#last.then(async () => {
      for (;;) {
        const next = change(this.#page)
        if (next === this.#page) return
        const text = JSON.stringify(next)
        if (await this.#state.compareAndSet(key, this.#text, text)) {
          this.#page = next
          this.#text = text
          return
        }
        this.#text = await this.#state.get(key)
        this.#page = (this.#text === undefined ? undefined : readPage(this.#text)) ?? this.#page
      }
    })
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

/** Undefined for a page that was not written by us: it counts as lost. */
function readPage (text: string): Page | undefined {
  try {
    const page = JSON.parse(text) as Partial<Page>
    return page.version === 1 && typeof page.schedule === 'string' && typeof page.upTo === 'number' && Array.isArray(page.claimed) ? page as Page : undefined
  } catch {
    return undefined // no JSON
  }
}
