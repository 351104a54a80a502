import { setTimeout as sleep } from 'node:timers/promises'
import { VoidRound } from './pairs.js'
import { cpuUs, tree } from './proc.js'
import type { SinkCounter } from './sink.js'
import type { Subject } from './subject.js'

/** CPU-µs per event between the two marks, and how fast and how busy it was. */
export interface Marks {
  readonly subjectUs: number
  readonly sinkUs: number
  readonly brokerUs: number
  readonly perSecond: number
  /** CPU time of the subject per elapsed time; well below 1 it was not the subject that limited. */
  readonly utilisation: number
}

export interface MarkOptions {
  readonly events: number
  readonly counter: SinkCounter
  readonly subject: Pick<Subject, 'pid' | 'ended'>
  /** Asked at the first mark: a sink that is a replica does not run before. */
  sinkPid(): number | undefined
  readonly brokerPid: number | undefined
  /** Programs below the subject that are no part of it. */
  readonly notSubject: readonly string[]
}

/** Start-up and compilation are before the first mark, the tail after the second. */
const from = 0.25
const to = 0.98
const lookEveryMs = 5
/** A subject that delivers nothing for so long is stuck. */
const stuckMs = 20_000

interface Look { readonly at: number, readonly count: number, readonly subject: number, readonly sink: number, readonly broker: number }

/** Waits until the sink has counted all events and gives the cost per event between the marks. */
export async function countMarks (options: MarkOptions): Promise<Marks> {
  const { events, counter } = options
  await countReaches(options, events * from)
  const pids = tree(options.subject.pid, options.notSubject)
  const sinkPid = options.sinkPid()
  const look = (): Look => ({
    at: performance.now(), count: counter.read(), subject: pids.reduce((sum, pid) => sum + cpuUs(pid), 0),
    sink: sinkPid === undefined ? NaN : cpuUs(sinkPid), broker: options.brokerPid === undefined ? NaN : cpuUs(options.brokerPid),
  })
  const first = look()
  await countReaches(options, events * to)
  const second = look()
  await countReaches(options, events)
  const per = (what: 'subject' | 'sink' | 'broker'): number => (second[what] - first[what]) / (second.count - first.count)
  const elapsedMs = second.at - first.at
  return {
    subjectUs: per('subject'), sinkUs: per('sink'), brokerUs: per('broker'),
    perSecond: (second.count - first.count) / elapsedMs * 1000, utilisation: (second.subject - first.subject) / 1000 / elapsedMs,
  }
}

async function countReaches ({ counter, subject }: MarkOptions, mark: number): Promise<void> {
  let ended = false
  void subject.ended.then(() => { ended = true })
  let best = counter.read()
  let since = performance.now()
  while (counter.read() < mark) {
    if (ended) throw new Error(`the subject ended after ${counter.read()} events`)
    if (counter.read() > best) {
      best = counter.read()
      since = performance.now()
    } else if (performance.now() - since > stuckMs) throw new VoidRound(`no event in ${stuckMs / 1000} s after ${best}`)
    await sleep(lookEveryMs)
  }
}
