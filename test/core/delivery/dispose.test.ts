import { describe, expect, it } from 'vitest'
import { dispose } from '../../../src/core/delivery/dispose.js'
import type { DeliveryPolicy, Disposition, Outcome } from '../../../src/core/delivery/types.js'

const policy: DeliveryPolicy = {
  retry: { attempts: 5, backoff: 'Exponential', initialMs: 1000, maxMs: 300_000, jitter: 'Full' },
  retryAfterMaxMs: 600_000,
  onExhausted: 'DeadLetter',
  on410: 'Exhaust',
  success: [[200, 299]],
}

const answered = (status: number, retryAfterMs?: number): Outcome =>
  ({ kind: 'answered', status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
const disposed = (outcome: Outcome, changes: Partial<DeliveryPolicy> = {}, attempt = 1): Disposition =>
  dispose({ outcome, attempt, policy: { ...policy, ...changes }, random: 0.5 })

describe('dispose', () => {
  it.each([200, 201, 202, 204, 299])('acks %i', status => {
    expect(disposed(answered(status))).toEqual({ kind: 'ack' })
  })

  it.each([401, 403, 404, 405, 407, 408, 425, 429, 500, 502, 503, 504, 599, 301, 302, 307, 304])('retries %i: it does not speak of the event', status => {
    expect(disposed(answered(status))).toEqual({ kind: 'retry', afterMs: 500, because: `answered ${status}` })
  })

  it.each([400, 402, 406, 409, 411, 413, 415, 417, 422, 451, 499])('gives an event up at once on %i', status => {
    expect(disposed(answered(status))).toEqual({ kind: 'deadLetter', reason: 'rejected', because: `answered ${status}` })
  })

  it('retries what could not be reached and what did not answer in time', () => {
    expect(disposed({ kind: 'unreachable', message: 'http://10.0.0.1:80: connection refused' }))
      .toEqual({ kind: 'retry', afterMs: 500, because: 'unreachable: http://10.0.0.1:80: connection refused' })
    expect(disposed({ kind: 'timed-out', afterMs: 60_000 })).toEqual({ kind: 'retry', afterMs: 500, because: 'no answer within 1m' })
  })

  it('releases what we ended ourselves, whatever the attempt', () => {
    expect(disposed({ kind: 'aborted' }, {}, 99)).toEqual({ kind: 'release' })
  })

  it('gives up after the last attempt, not before', () => {
    expect(disposed(answered(500), {}, 4).kind).toBe('retry')
    expect(disposed(answered(500), {}, 5)).toEqual({ kind: 'deadLetter', reason: 'attempts', because: 'answered 500, attempt 5 of 5' })
    expect(disposed({ kind: 'unreachable', message: 'x' }, {}, 6).kind).toBe('deadLetter')
  })

  it('does what the user asked for with what is exhausted', () => {
    expect(disposed(answered(422), { onExhausted: 'Drop' })).toEqual({ kind: 'drop', reason: 'rejected', because: 'answered 422' })
    expect(disposed(answered(422), { onExhausted: 'Hold' })).toEqual({ kind: 'hold', afterMs: 300_000, because: 'answered 422' })
  })

  it('treats 410 as exhausted, and suspends only where that was asked for', () => {
    expect(disposed(answered(410))).toEqual({ kind: 'deadLetter', reason: 'gone', because: 'answered 410' })
    expect(disposed(answered(410), { on410: 'Suspend' })).toEqual({ kind: 'suspend', because: 'answered 410' })
  })

  it('waits at least as long as Retry-After says, up to the cap', () => {
    expect(disposed(answered(503, 30_000))).toMatchObject({ kind: 'retry', afterMs: 30_000 })
    expect(disposed(answered(503, 100))).toMatchObject({ kind: 'retry', afterMs: 500 })
    expect(disposed(answered(429, 86_400_000))).toMatchObject({ kind: 'retry', afterMs: 600_000 })
    expect(disposed(answered(429, 30_000), { retryAfterMaxMs: 0 })).toMatchObject({ kind: 'retry', afterMs: 500 })
  })

  it('takes the ranges of success as written: exactly 200 means exactly 200, and the event is not blamed for 202', () => {
    const success = [[200, 200]] as const
    expect(disposed(answered(200), { success }).kind).toBe('ack')
    expect(disposed(answered(202), { success }).kind).toBe('retry')
    expect(disposed(answered(404), { success: [[200, 299], [404, 404]] }).kind).toBe('ack')
  })
})
