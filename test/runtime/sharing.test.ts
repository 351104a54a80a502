import { describe, expect, test } from 'vitest'
import { sharing } from '../../src/runtime/sharing.js'
import { ManualClock, settle } from '../fakes/manual-clock.js'
import { quiet } from '../fakes/ports.js'

const never = new AbortController().signal

describe('share', () => {
  test('opens once for all who ask, closes after the last', async () => {
    const { share } = sharing(new ManualClock(), quiet)
    let opened = 0
    let closed = 0
    const open = async () => ({ value: ++opened, close: async () => { closed++ } })
    const [a, b] = await Promise.all([share('k', open), share('k', open)])
    expect([a.value, b.value, opened]).toEqual([1, 1, 1])
    await a.release()
    await a.release() // a second release of one lease takes nobody else's away
    expect(closed).toBe(0)
    await b.release()
    expect(closed).toBe(1)
    expect((await share('k', open)).value).toBe(2)
  })

  test('a failed open is not kept', async () => {
    const { share } = sharing(new ManualClock(), quiet)
    await expect(share('k', async () => { throw new Error('refused') })).rejects.toThrow('refused')
    expect((await share('k', async () => ({ value: 'there', close: async () => undefined }))).value).toBe('there')
  })
})

describe('ask', () => {
  test('asks once at a time, and not again while the answer is fresh', async () => {
    const clock = new ManualClock()
    const { ask } = sharing(clock, quiet)
    let asked = 0
    const question = async () => ++asked
    expect(await Promise.all([ask('k', 1000, question, never), ask('k', 1000, question, never)])).toEqual([1, 1])
    await clock.advance(1000)
    expect(await ask('k', 1000, question, never)).toBe(1)
    await clock.advance(1)
    expect(await ask('k', 1000, question, never)).toBe(2)
  })

  test('one who gives up does not end the question of the others; the last one does', async () => {
    const { ask } = sharing(new ManualClock(), quiet)
    let aborted = false
    let answer: (n: number) => void = () => undefined
    const question = (signal: AbortSignal): Promise<number> => new Promise(resolve => {
      answer = resolve
      signal.addEventListener('abort', () => { aborted = true })
    })
    const impatient = new AbortController()
    const first = ask('k', 1000, question, impatient.signal)
    const second = ask('k', 1000, question, never)
    impatient.abort()
    await expect(first).rejects.toThrow()
    expect(aborted).toBe(false)
    answer(7)
    expect(await second).toBe(7)

    const lonely = new AbortController()
    const third = ask('other', 1000, question, lonely.signal)
    lonely.abort()
    await expect(third).rejects.toThrow()
    await settle()
    expect(aborted).toBe(true)
  })

  test('a failure is not kept', async () => {
    const { ask } = sharing(new ManualClock(), quiet)
    await expect(ask('k', 1000, async () => { throw new Error('down') }, never)).rejects.toThrow('down')
    await settle()
    expect(await ask('k', 1000, async () => 'up', never)).toBe('up')
  })
})
