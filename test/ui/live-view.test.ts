import { expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.js'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { liveView, type LiveView } from '../../src/ui/live-view.js'
import { recentEvents, type RecentEvents } from '../../src/ui/recent-events.js'
import { audit, delivery, now, orders, thumbnails } from './sample.js'
import { Screen } from './screen.js'

/** Time that moves by hand; one waiting call is all that the view needs. */
class HandClock implements Clock {
  at = now
  waiting: { due: number, fn: () => void } | undefined
  now = (): number => this.at
  monotonic = (): number => this.at
  sleep = (): Promise<void> => Promise.reject(new Error('the view does not sleep'))
  after = (ms: number, fn: () => void): (() => void) => {
    const call = { due: this.at + ms, fn }
    this.waiting = call
    return () => { if (this.waiting === call) this.waiting = undefined }
  }

  advance (ms: number): void {
    const end = this.at + ms
    for (let next = this.waiting; next !== undefined && next.due <= end; next = this.waiting) {
      this.at = next.due
      this.waiting = undefined
      next.fn()
    }
    this.at = end
  }
}

interface Bundle { view: LiveView, clock: HandClock, screen: Screen, events: RecentEvents, show: (...statuses: ObjectStatus[]) => void }

function setup (before: readonly string[] = []): Bundle {
  const clock = new HandClock()
  const screen = new Screen(100, 30, before)
  const events = recentEvents({ clock })
  let statuses: readonly ObjectStatus[] = [thumbnails]
  const view = liveView({ out: screen.asTerminal(), clock, colors: false, statuses: () => statuses, events: () => events.lines() })
  return { view, clock, screen, events, show: (...next) => { statuses = next } }
}

test('paints below what was there, then in place', () => {
  const { view, clock, screen, show } = setup(['$ tidegate run -f .'])
  view.start()
  expect(screen.text).toContain('4 → 16')
  show(thumbnails, orders)
  clock.advance(100)
  show(orders)
  clock.advance(100)
  expect(screen.text).toMatch(/^\$ tidegate run -f [.]\nOBJECT/)
  expect(screen.text).toContain('TG_SOURCE_UNREACHABLE')
  expect(screen.text).not.toContain('thumbnails')
})

test('writes on change only: a still second is one countdown', () => {
  const { view, clock, screen } = setup()
  view.start()
  clock.advance(3000)
  expect(screen.writes).toBe(1 + 3)
})

test('writes at most ten times a second however fast things change', () => {
  const { view, clock, screen, show } = setup()
  view.start()
  for (let delivered = 0; delivered < 1000; delivered++) {
    show({ ...audit, delivery: delivery({ delivered }) })
    clock.advance(1)
  }
  expect(screen.writes).toBeLessThanOrEqual(11)
})

test('the rate of deliveries appears from the second look on', () => {
  const { view, clock, screen, show } = setup()
  show({ ...audit, delivery: delivery({ delivered: 100 }) })
  view.start()
  expect(screen.text).toMatch(/Trigger audit .* -\n/)
  show({ ...audit, delivery: delivery({ delivered: 150 }) })
  clock.advance(1000)
  expect(screen.text).toMatch(/Trigger audit .* (100|50)\n/)
})

test('a resize begins on a clean screen, in the new width', () => {
  const { view, clock, screen, show } = setup()
  show(orders)
  view.start()
  screen.resize(60, 20)
  clock.advance(100)
  expect(screen.text.match(/OBJECT/g)).toHaveLength(1)
  expect(screen.text).toMatch(/^OBJECT/)
  expect(screen.text.split('\n').every(line => line.length < 60)).toBe(true)
})

test('stop leaves the last frame, takes back the timer and the listener, and may come twice', () => {
  const { view, clock, screen, show, events } = setup()
  view.start()
  events.emit(thumbnails.ref, { type: 'Normal', reason: 'Scaled', note: 'scaled from 16 to 0 because the triggers are inactive' })
  show(orders)
  view.stop()
  view.stop()
  expect(screen.text).toContain('scaled from 16 to 0')
  expect(screen.text).toContain('ScaledObject orders')
  expect(screen.text.endsWith('\n')).toBe(true)
  expect(screen.listenerCount('resize')).toBe(0)
  expect(clock.waiting).toBeUndefined()
})

test('stop before start writes nothing', () => {
  const { view, screen } = setup()
  view.stop()
  expect(screen.writes).toBe(0)
})

test('the story keeps its last lines and no repetition', () => {
  const clock = new HandClock()
  const events = recentEvents({ clock, limit: 2 })
  for (const note of ['one', 'two', 'two', 'three']) events.emit(thumbnails.ref, { type: 'Normal', reason: 'Scaled', note })
  expect(events.lines().map(line => line.text)).toEqual(['thumbnails: two', 'thumbnails: three'])
})
