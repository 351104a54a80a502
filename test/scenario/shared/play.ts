import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { decideReplicas } from '../../../src/core/scaling/decide.js'
import type { DecisionRecord, ObjectStatus } from '../../../src/runtime/ports.js'
import type { KubeObject } from '../../servers/kube.js'
import { type Got, isAlive, type LogLine, type Run, until } from '../harness.js'
import { deployment, service } from '../manifests.js'
import type { Scenario, ScenarioFile, Step, Words } from './format.js'
import { Sources } from './sources.js'
import type { World } from './world.js'

/** Plays one scenario in a world: its servers, its objects, its steps, and at the end every count that was set. */
export async function play (file: ScenarioFile, world: World): Promise<void> {
  const sources = await Sources.open(file.servers)
  onTestFinished(() => sources.stop())
  const { scenario, objects } = file.read({ ...sources.values, dir: world.dir })
  const stage = new Stage(world, sources)
  for (const step of scenario.prepare ?? []) await stage.take(step)
  await world.put([...workloadsOf(scenario, world.dir), ...objects])
  await world.start()
  for (const step of scenario.steps) await stage.take(step)
  for (const [name, expected] of Object.entries(scenario.timeline ?? {})) expect(timelineOf(world.runs, name), `counts of ${name}`).toEqual(expected)
  for (const [name, most] of Object.entries(scenario.most ?? {})) expect(Math.max(...timelineOf(world.runs, name)), `highest count of ${name}`).toBe(most)
}

/** Each Deployment writes what it got into a folder of its name. */
function workloadsOf ({ functions = {}, workers = {} }: Scenario, dir: string): readonly KubeObject[] {
  const made = (name: string, program: 'function' | 'queue-worker', env: Readonly<Record<string, string>> = {}): KubeObject => {
    mkdirSync(join(dir, name))
    return deployment(name, program, { OUT: join(dir, name), ...env }) as KubeObject
  }
  return [
    ...Object.entries(functions).flatMap(([name, env]) => [made(name, 'function', env), service(name) as KubeObject]),
    ...Object.entries(workers).map(([name, { program, env }]) => made(name, program, env)),
  ]
}

/** Counts in their order, without repeats, as the log of every Tidegate tells them. */
function timelineOf (runs: readonly Run[], name: string): readonly number[] {
  const scaled = runs.flatMap(run => run.log).filter(line => line.msg === 'scaled' && String(line['target']).endsWith(`/${name}`))
  return [Number(scaled[0]?.['from']), ...scaled.map(line => Number(line['to']))]
}

const split = (object: string): readonly [string, string] => object.split('/') as [string, string]
const wakeParts = ['noticeMs', 'decideMs', 'startMs', 'readyMs', 'deliverMs'] as const

class Stage {
  readonly #world: World
  readonly #sources: Sources
  #remembered: readonly number[] = []
  /** Where the log was when something was last published. */
  #from = 0

  constructor (world: World, sources: Sources) {
    this.#world = world
    this.#sources = sources
  }

  async take (step: Step): Promise<void> {
    for (const [word, value] of Object.entries(step)) {
      const act = (this.#acts as Readonly<Record<string, (value: never) => Promise<void>>>)[word]
      if (act === undefined) throw new Error(`no step is called ${word}`)
      await act(value as never)
    }
  }

  get #run (): Run {
    const run = this.#world.runs.at(-1)
    if (run === undefined) throw new Error('Tidegate was not started yet')
    return run
  }

  readonly #acts: { readonly [W in keyof Words]: (value: Words[W]) => Promise<void> } = {
    stream: value => this.#sources.stream(value),
    consumer: value => this.#sources.consumer(value),
    queue: value => this.#sources.queue(value),
    purge: value => this.#sources.purge(value),
    publish: async value => {
      this.#from = this.#world.runs.at(-1)?.log.length ?? 0
      await this.#sources.publish(value)
    },
    server: value => each(value, (name, what) => this.#sources.server(name, what)),
    tidegate: async what => {
      if (what === 'start') return await this.#world.start()
      if (what === 'kill') return await this.#run.kill()
      expect(await this.#run.stop()).toBe(0)
    },
    edit: value => each(value, async (object, patch) => { await this.#world.edit(...split(object), patch) }),
    env: value => each(value, async (name, env) => {
      const { spec: { template } } = deployment(name, 'function', { OUT: join(this.#world.dir, name), ...env }) as { readonly spec: { readonly template: object } }
      await this.#world.edit('Deployment', name, { spec: { template } })
    }),
    delete: async objects => { for (const object of objects) await this.#world.delete(...split(object)) },
    touch: async name => writeFileSync(join(this.#world.dir, name), ''),
    repeat: async ({ times, steps }) => { for (let i = 0; i < times; i++) for (const step of steps) await this.take(step) },
    replicas: value => each(value, async (name, n) => {
      let last: unknown
      await this.#until(async () => Object.values((last = await this.#world.counts(name)) ?? { none: undefined }).every(count => count === n), () => `${n} replicas of ${name}, not ${JSON.stringify(last)}`)
    }),
    hold: async ({ object, replicas, reason, seconds }) => {
      const [kind, name] = split(object)
      const since = (await this.#run.status(kind, name))?.scaling?.decidedAt ?? 0
      const later = await this.#run.statusUntil(kind, name, s => (s.scaling?.decidedAt ?? 0) > since + seconds * 1000)
      expect([later.scaling?.decision.reason, later.scaling?.decision.replicas, later.scaling?.current.spec]).toEqual([reason, replicas, replicas])
    },
    remember: async () => { this.#remembered = this.#world.pids() },
    pods: async what => {
      if (what === 'same') return expect(this.#world.pids()).toEqual(this.#remembered)
      await this.#until(() => this.#remembered.every(pid => !isAlive(pid)), () => `pods to be ${what}`)
      if (what === 'none') await this.#until(() => this.#world.pids().length === 0, () => 'no pods')
    },
    reason: value => each(value, async (object, reason) => { await this.#run.statusUntil(...split(object), s => s.scaling?.decision.reason === reason) }),
    condition: value => each(value, async (object, { type, status, message = '' }) => {
      let last: unknown
      await this.#until(async () => {
        const conditions = await this.#world.conditions(...split(object))
        last = conditions
        return conditions.some(c => c.type === type && c.status === status && c.message.includes(message))
      }, () => `${object} to be ${type} ${status} ${message}, not ${JSON.stringify(last)}`)
    }),
    delivered: value => each(value, async (name, wanted) => {
      const events = (): number => new Set(this.#got(name).map(one => one.id + one.body)).size
      const least = typeof wanted === 'number' ? wanted : events() + wanted.more
      await this.#until(() => typeof wanted === 'number' ? events() === least : events() >= least, () => `${least} events at ${name}, not ${events()}`)
    }),
    attempts: value => each(value, async (name, attempts) => {
      await this.#until(() => this.#got(name).length >= attempts.length, () => `${attempts.length} calls of ${name}`)
      expect(this.#got(name).map(one => one.attempt).sort((a, b) => a - b)).toEqual(attempts)
    }),
    processes: value => each(value, async (name, n) => {
      const processes = (): number => new Set(this.#got(name).map(one => one.pid)).size
      await this.#until(() => processes() === n, () => `calls of ${n} processes of ${name}, not ${processes()}`)
    }),
    ids: value => each(value, async (name, what) => {
      const ids = this.#got(name).map(one => one.id)
      if (what === 'one twice') return expect(ids.length - new Set(ids).size).toBe(1)
      const seconds = ids.map(id => Number(id.split('/').at(-1))).sort((a, b) => a - b)
      expect(seconds).toEqual(seconds.map((_, i) => (seconds[0] ?? 0) + i))
    }),
    counts: value => each(value, async (object, wanted) => {
      const likes = ({ delivery }: ObjectStatus): boolean => delivery !== undefined && (wanted.deadLettered ?? delivery.deadLettered) === delivery.deadLettered &&
        (wanted.delivered ?? delivery.delivered) === delivery.delivered && (wanted.lastFailure === undefined || delivery.lastFailure?.because.includes(wanted.lastFailure) === true)
      await this.#run.statusUntil(...split(object), likes)
    }),
    depth: value => each(value, (queue, depth) => this.#sources.depth(queue, depth)),
    letter: value => each(value, async (queue, text) => expect(await this.#sources.letter(queue)).toBe(text)),
    woken: async () => {
      const woken: LogLine = await this.#run.line(l => l.msg === 'woken', 'a wake', this.#from)
      for (const part of wakeParts) expect(woken[part]).toBeGreaterThanOrEqual(0)
      expect(wakeParts.reduce((sum, part) => sum + Number(woken[part]), 0)).toBe(woken['totalMs'])
    },
    event: async reason => { await this.#run.line(l => l['reason'] === reason) },
    replays: async ({ reasons }) => {
      const records = readFileSync(this.#world.recordFile, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as DecisionRecord)
      expect(records.some(({ decision, current }) => decision.replicas !== current.spec)).toBe(true)
      expect(new Set(records.map(({ decision }) => decision.reason)).size).toBeGreaterThanOrEqual(reasons)
      for (const { at, policy, current, readings, memoryBefore, decision } of records) {
        expect(JSON.parse(JSON.stringify(decideReplicas({ now: at, policy, current, readings, memory: memoryBefore })))).toEqual(decision)
      }
    },
  }

  #until (condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> { return until(condition, () => `${what()}\n${this.#run.tail()}`) }

  #got (name: string): readonly Got[] {
    const folder = join(this.#world.dir, name)
    return readdirSync(folder).flatMap(file => readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as Got))
  }
}

async function each<T> (values: Readonly<Record<string, T>>, work: (key: string, value: T) => Promise<void>): Promise<void> {
  for (const [key, value] of Object.entries(values)) await work(key, value)
}
