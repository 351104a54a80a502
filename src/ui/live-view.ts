import type { WriteStream } from 'node:tty'
import type { Clock } from '../core/clock.js'
import { refKey, type ObjectStatus } from '../runtime/ports.js'
import type { Problem } from '../spec/problem.js'
import { renderFrame } from './frame.js'
import { deliveryRate, nextRates, type RateHistory } from './rates.js'
import type { EventLine } from './recent-events.js'

/** The part of a terminal that is used; a test passes less than a whole one. */
export type ViewTerminal = Pick<WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>

export interface LiveViewParts {
  readonly out: ViewTerminal
  readonly clock: Clock
  readonly colors: boolean
  statuses(): readonly ObjectStatus[]
  /** The story so far, oldest first; its tail is drawn below the table. */
  events(): readonly EventLine[]
  /** What is wrong now and belongs to no object. */
  problems?(): readonly Problem[]
  /** Where this run can be asked and looked into. */
  about?(): readonly string[]
}

export interface LiveView {
  start(): void
  /** Paints once more and leaves that frame on the screen. Twice, or before start, is fine. */
  stop(): void
}

const frameEveryMs = 100
const eraseRestOfLine = '\x1b[K'
const eraseBelow = '\x1b[J'
const clearScreen = '\x1b[2J\x1b[H'
const up = (lines: number): string => lines > 0 ? `\x1b[${lines}A\r` : '\r'

/**
 * Draws the frame in place, at most ten times a second and only when it differs from what is on the screen.
 * The cursor rests on the line below the frame and is never hidden, so that a killed process leaves a usable terminal.
 */
export function liveView (parts: LiveViewParts): LiveView {
  const { out, clock, colors } = parts
  let rates: RateHistory = new Map()
  let shown = ''
  let shownLines = 0
  let resized = false
  let cancel: (() => void) | undefined

  const compose = (): string => {
    const now = clock.now()
    const present = parts.statuses()
    rates = nextRates(rates, present, now)
    const perObject = new Map<string, number>()
    for (const { ref } of present) {
      const rate = deliveryRate(rates, refKey(ref))
      if (rate !== undefined) perObject.set(refKey(ref), rate)
    }
    // One column and one line are left free: a full last column wraps in some terminals, and the cursor needs a line.
    return renderFrame(present, { now, width: (out.columns || 80) - 1, height: (out.rows || 24) - 1, colors, rates: perObject, events: parts.events(), problems: parts.problems?.() ?? [], about: parts.about?.() ?? [] })
  }

  const paint = (): void => {
    const frame = compose()
    if (frame === shown && !resized) return
    const lines = frame.split('\n')
    // After a resize nobody knows how the terminal broke the old lines anew: begin on a clean screen.
    const home = resized ? clearScreen : up(shownLines)
    out.write(home + lines.map(line => `${line}${eraseRestOfLine}\n`).join('') + eraseBelow)
    shown = frame
    shownLines = lines.length
    resized = false
  }

  const beat = (): void => {
    paint()
    cancel = clock.after(frameEveryMs, beat)
  }
  const onResize = (): void => { resized = true }

  return {
    start () {
      if (cancel !== undefined) return
      out.on('resize', onResize)
      beat()
    },
    stop () {
      if (cancel === undefined) return
      cancel()
      cancel = undefined
      out.off('resize', onResize)
      paint()
    },
  }
}
