import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { natsServer } from '../../test/servers/nats.js'
import { filledStream, type FilledStream } from '../lib/filled-stream.js'
import { onOthersCpu, onSubjectCpu } from '../lib/machine.js'
import { countMarks, type Marks } from '../lib/marks.js'
import { measurePairs, VoidRound, type Pair } from '../lib/pairs.js'
import { cpuPressure, descendantNamed } from '../lib/proc.js'
import { productCommand, runProduct } from '../lib/product.js'
import type { CaseResult, Finding } from '../lib/report.js'
import { sinkCounter, sinkName, sinkProgram, startSink, type Sink, type SinkCounter } from '../lib/sink.js'
import { median, outliers } from '../lib/stats.js'
import { startSubject } from '../lib/subject.js'
import { bridgeManifests } from './bridge-manifests.js'

const textbook = join(import.meta.dirname, '..', 'textbook-loop.mjs')
const canary = join(import.meta.dirname, '..', 'subjects', 'canary.mjs')
const payloadBytes = 1024
const inFlight = 64
const canaryRequests = 40_000
/** A round whose canary is further off says more of the neighbours than of us. */
const canaryTolerance = 0.25
/** Largest over smallest ratio of a set that can be trusted. */
const noisySpread = 1.3

export interface BridgeOptions { readonly pairs: number, readonly events: number, /** The yardstick against itself: how far from 1.00 is noise. */ readonly self: boolean }

interface Round extends Marks { readonly canaryUs: number, readonly pressure: number | undefined }

/** JetStream → POST → ack, 1 KiB, 64 in flight, from a filled stream: CPU per event against the textbook loop. */
export async function bridge ({ pairs, events, self }: BridgeOptions): Promise<CaseResult> {
  if (!self) productCommand()
  const program = sinkProgram()
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bridge-'))
  const nats = await natsServer()
  const counter = sinkCounter(folder, 'textbook')
  const ownCounter = sinkCounter(folder, 'tidegate')
  const sink = await startSink(program, counter)
  try {
    const stream = await filledStream(nats.url, events, payloadBytes)
    const bench: Bench = { stream, events, sink, counter, ownCounter, sinkCommand: program.command, natsPid: descendantNamed('nats-server', process.pid) }
    const yardstick = (): Promise<Round> => withCanary(bench, () => textbookRound(bench))
    const subject = self ? yardstick : (): Promise<Round> => withCanary(bench, () => productRound(bench))
    const taken = await measure(pairs, subject, yardstick)
    const again = noisyPairs(taken).size
    if (again > 0) progress(`${again} of ${pairs} pairs had a noisy canary: measuring as many again`)
    const more = await measure(again, subject, yardstick)
    await stream.close()
    return describe(self, [...taken, ...more], program.note)
  } finally {
    await sink.stop()
    await nats.stop()
    counter.close()
    ownCounter.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function measure (pairs: number, a: () => Promise<Round>, b: () => Promise<Round>): Promise<readonly Pair<Round>[]> {
  return measurePairs({
    pairs, a, b,
    onPair: ({ a, b }) => progress(`pair: ${a.subjectUs.toFixed(1)} ÷ ${b.subjectUs.toFixed(1)} µs = ${(a.subjectUs / b.subjectUs).toFixed(3)}, canary ${a.canaryUs.toFixed(1)} and ${b.canaryUs.toFixed(1)} µs`),
    onVoid: why => progress(`round void: ${why}`),
  })
}

const canariesOf = (taken: readonly Pair<Round>[]): readonly number[] => taken.flatMap(({ a, b }) => [a.canaryUs, b.canaryUs])

/** Places of the pairs of which one side had a noisy canary. */
const noisyPairs = (taken: readonly Pair<Round>[]): ReadonlySet<number> =>
  new Set(outliers(canariesOf(taken), canaryTolerance).map(index => Math.floor(index / 2)))

const progress = (line: string): void => { process.stderr.write(`  ${line}\n`) }

interface Bench {
  readonly stream: FilledStream
  readonly events: number
  readonly sink: Sink
  readonly counter: SinkCounter
  /** Of the sink that the product starts as its replica. */
  readonly ownCounter: SinkCounter
  readonly sinkCommand: readonly string[]
  readonly natsPid: number | undefined
}

async function withCanary ({ sink }: Bench, round: () => Promise<Marks>): Promise<Round> {
  const pressure = cpuPressure()
  const [program = '', ...args] = onSubjectCpu([process.execPath, canary, sink.url, String(canaryRequests)])
  const { stdout } = await promisify(execFile)(program, args)
  return { ...await round(), canaryUs: Number(stdout), pressure }
}

async function textbookRound ({ stream, events, sink, counter, natsPid }: Bench): Promise<Marks> {
  const consumer = await stream.freshConsumer()
  counter.reset()
  const subject = startSubject([process.execPath, textbook, stream.servers, stream.name, consumer, sink.url, String(inFlight)])
  try {
    const marks = await countMarks({ events, counter, subject, sinkPid: () => sink.pid, brokerPid: natsPid, notSubject: [] })
    await checkSettled(stream, consumer, events, counter)
    return marks
  } finally {
    await subject.end()
  }
}

async function productRound ({ stream, events, ownCounter, sinkCommand, natsPid }: Bench): Promise<Marks> {
  const consumer = await stream.freshConsumer()
  ownCounter.reset()
  const running = await runProduct({ 'bridge.yaml': bridgeManifests({ stream, consumer, inFlight, command: onOthersCpu(sinkCommand), counterPath: ownCounter.path }) })
  try {
    const marks = await countMarks({ events, counter: ownCounter, subject: running, sinkPid: () => descendantNamed(sinkName, running.pid), brokerPid: natsPid, notSubject: [sinkName] })
    await checkSettled(stream, consumer, events, ownCounter)
    return marks
  } finally {
    await running.cleanUp()
  }
}

/** A run with loss is no measurement; repeats are allowed, and rare enough not to matter. */
async function checkSettled (stream: FilledStream, consumer: string, events: number, counter: SinkCounter): Promise<void> {
  const left = await stream.unsettled(consumer)
  const posted = counter.read()
  if (left > 0 || posted < events) throw new VoidRound(`${left} of ${events} events were not acknowledged, ${posted} were posted`)
  if (posted > events * 1.001) throw new VoidRound(`${posted - events} of ${events} events were posted more than once`)
}

function describe (self: boolean, taken: readonly Pair<Round>[], note: string | undefined): CaseResult {
  const noisy = noisyPairs(taken)
  const quiet = taken.filter((_, index) => !noisy.has(index))
  const counted = quiet.length > taken.length / 2 ? quiet : taken
  const of = (side: 'a' | 'b', what: keyof Marks): number => median(counted.map(pair => pair[side][what]))
  const ratios = counted.map(({ a, b }) => a.subjectUs / b.subjectUs)
  const notes = [...(note === undefined ? [] : [note]), ...(Math.max(...ratios) / Math.min(...ratios) > noisySpread ? ['the pairs differ too much: measure again when the machine is quieter'] : [])]
  const finding: Finding = {
    what: self ? 'textbook loop ÷ itself, CPU per event' : 'tidegate ÷ textbook loop, CPU per event',
    unit: 'ratio',
    values: ratios,
    ...(self ? {} : { goal: 0.75 }),
    beside: {
      [self ? 'first µs' : 'tidegate µs']: of('a', 'subjectUs'), 'textbook µs': of('b', 'subjectUs'),
      'events/s': `${Math.round(of('a', 'perSecond'))} and ${Math.round(of('b', 'perSecond'))}`,
      'broker µs': `${of('a', 'brokerUs').toFixed(1)} and ${of('b', 'brokerUs').toFixed(1)}`,
      'sink µs': `${of('a', 'sinkUs').toFixed(1)} and ${of('b', 'sinkUs').toFixed(1)}`,
      'share of its CPU': `${of('a', 'utilisation').toFixed(2)} and ${of('b', 'utilisation').toFixed(2)}`,
      'canary µs': median(canariesOf(taken)), 'pairs left out for a noisy canary': String(taken.length - counted.length),
      ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
    },
  }
  return { name: self ? 'self' : 'bridge', title: `JetStream → POST → ack, 1 KiB, ${inFlight} in flight`, findings: [finding], raw: taken }
}
