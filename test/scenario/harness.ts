import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { DecisionRecord, ObjectStatus } from '../../src/runtime/ports.js'

export const bin = process.env['TIDEGATE_BIN'] ?? join(import.meta.dirname, '../../dist/bin.cjs')

/** A line of the log, as JSON. What is no JSON has only `msg`. */
export interface LogLine { readonly level?: string, readonly msg: string, readonly [field: string]: unknown }

/** One event as the function fixture got it. */
export interface Got { readonly id: string, readonly attempt: number, readonly pid: number, readonly body: string }

export interface RunOptions { readonly args?: readonly string[], readonly env?: Readonly<Record<string, string>>, readonly fresh?: boolean }

/** A folder of manifests with its state, and the Tidegates that run on it one after the other. It is cleaned up with the test, replicas included. */
export class Scene {
  readonly root = mkdtempSync(join(tmpdir(), 'tidegate-scenario-'))
  readonly manifests = join(this.root, 'manifests')
  readonly stateDir = join(this.root, 'state')
  /** Where functions write what they got. */
  readonly out = join(this.root, 'out')
  readonly recordFile = join(this.root, 'decisions.jsonl')
  readonly #runs: Run[] = []

  constructor () {
    mkdirSync(this.manifests)
    mkdirSync(this.out)
    onTestFinished(() => this.#cleanUp())
  }

  path (name: string): string { return join(this.root, name) }

  /** A folder for what another function gets. */
  folder (name: string): string {
    mkdirSync(this.path(name))
    return this.path(name)
  }

  /** Writes a manifest file: text as it stands, objects as documents (JSON is YAML). */
  write (file: string, ...documents: readonly (string | object)[]): void {
    writeFileSync(join(this.manifests, file), documents.map(d => typeof d === 'string' ? d : JSON.stringify(d, undefined, 2)).join('\n---\n'))
  }

  /** Makes an empty file, for a program that waits for it. */
  touch (name: string): void { writeFileSync(this.path(name), '') }

  remove (file: string): void { rmSync(join(this.manifests, file)) }

  /** Starts the program; does not wait for it. */
  start ({ args = [], env = {} }: RunOptions = {}): Run {
    const run = new Run(['run', '-f', this.manifests, '--port', '0', '--state-dir', this.stateDir, '--record', this.recordFile, ...args], env)
    this.#runs.push(run)
    return run
  }

  /** Starts the program and waits until it is ready. */
  async run (options: RunOptions = {}): Promise<Run> {
    const run = this.start(options)
    await run.ready()
    return run
  }

  /** Every event that functions have got so far, in the order of each replica. */
  got (folder = this.out): readonly Got[] {
    return readdirSync(folder).flatMap(name => linesOf(readFileSync(join(folder, name), 'utf8')).map(line => JSON.parse(line) as Got))
  }

  decisions (): readonly DecisionRecord[] {
    return linesOf(readFileSync(this.recordFile, 'utf8')).map(line => JSON.parse(line) as DecisionRecord)
  }

  /** Processes of replicas that this scene's state names, whoever started them. */
  pids (): readonly number[] {
    const folder = join(this.stateDir, 'replicas')
    return existsSync(folder)
      ? readdirSync(folder).filter(name => !/[.](ending|tmp)$/.test(name)).map(name => Number(readIfThere(join(folder, name)).split(' ')[0])).filter(pid => pid > 0).sort((a, b) => a - b)
      : []
  }

  async #cleanUp (): Promise<void> {
    await Promise.all(this.#runs.map(run => run.end()))
    const guard = Number(readIfThere(join(this.stateDir, 'guard')).split(' ')[0])
    for (const pid of [...this.pids(), ...(guard > 0 ? [guard] : [])]) if (isAlive(pid)) process.kill(-pid, 'SIGKILL')
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The program in a process of its own. */
export class Run {
  readonly log: LogLine[] = []
  readonly process: ChildProcess
  readonly exited: Promise<number | null>
  readonly #waiting = new Set<() => void>()

  constructor (args: readonly string[], env: Readonly<Record<string, string>> = {}, program = bin) {
    this.process = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', line => this.#took(line))
    }
    this.exited = once(this.process, 'close').then(([code]) => {
      this.#took('{"msg":"(the program ended)"}')
      return code as number | null
    })
  }

  get pid (): number { return this.process.pid ?? 0 }
  get isRunning (): boolean { return this.process.exitCode === null && this.process.signalCode === null }

  async ready (): Promise<void> {
    const line = await this.line(l => l.msg === 'ready' || l.msg === '(the program ended)', 'ready')
    if (line.msg !== 'ready') throw new Error(`the program ended before it was ready\n${this.tail()}`)
  }

  /** The first line of the log, from `from` on, that the predicate likes. */
  async line (likes: (line: LogLine) => boolean, what = likes.toString(), from = 0): Promise<LogLine> {
    let found: LogLine | undefined
    await this.#until(() => (found = this.log.slice(from).find(likes)) !== undefined, `a log line: ${what}`)
    return found ?? { msg: '' }
  }

  /** What /status says. */
  async statuses (): Promise<readonly ObjectStatus[]> {
    const address = String(this.log.find(l => l.msg === 'ready')?.['address'])
    return await (await fetch(`${address}/status`, { headers: { connection: 'close' } })).json() as ObjectStatus[]
  }

  /** What /status says of one object, by kind and name. */
  async status (kind: string, name: string): Promise<ObjectStatus | undefined> {
    return (await this.statuses()).find(s => s.ref.kind === kind && s.ref.name === name)
  }

  /** Waits until the status of an object is as the predicate wants it, and gives it. */
  async statusUntil (kind: string, name: string, likes: (status: ObjectStatus) => boolean, withinMs = patienceMs): Promise<ObjectStatus> {
    let last: ObjectStatus | undefined
    await until(async () => (last = await this.status(kind, name)) !== undefined && likes(last),
      () => `${kind} ${name} to be as ${likes.toString()}; it is ${JSON.stringify(last)}\n${this.tail()}`, withinMs)
    if (last === undefined) throw new Error('unreachable')
    return last
  }

  async kill (): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited
  }

  /** SIGTERM, as Ctrl-C in a script; the exit code. */
  async stop (): Promise<number | null> {
    if (this.isRunning) this.process.kill('SIGTERM')
    return this.exited
  }

  /** Ends it, if need be by force: a program that hangs must not hang its test. */
  async end (): Promise<void> {
    const late = setTimeout(() => this.process.kill('SIGKILL'), 15_000)
    await this.stop()
    clearTimeout(late)
  }

  tail (): string { return this.log.slice(-40).map(line => JSON.stringify(line)).join('\n') }

  #took (text: string): void {
    this.log.push(text.startsWith('{') ? JSON.parse(text) as LogLine : { msg: text })
    for (const look of this.#waiting) look()
  }

  #until (condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => { if (condition()) end(resolve) }
      const late = setTimeout(() => end(() => reject(new Error(`waited in vain for ${what}\n${this.tail()}`))), patienceMs)
      const end = (then: () => void): void => {
        clearTimeout(late)
        this.#waiting.delete(look)
        then()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

/** Longest wait for something that is expected: long, because it is only reached when a test fails. */
const patienceMs = 60_000
const lookEveryMs = 25

/** Waits for a condition that nothing announces; fails with what `why` says. */
export async function until (condition: () => boolean | Promise<boolean>, why: () => string = () => condition.toString(), withinMs = patienceMs): Promise<void> {
  const end = performance.now() + withinMs
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${why()}`)
    await new Promise(resolve => setTimeout(resolve, lookEveryMs))
  }
}

/** Runs one command line to its end. */
export async function command (...args: readonly string[]): Promise<{ readonly code: number | null, readonly text: string }> {
  const run = new Run(args)
  const code = await run.exited
  return { code, text: run.log.slice(0, -1).map(line => line.msg).join('\n') }
}

export function isAlive (pid: number): boolean {
  return readIfThere(`/proc/${pid}/stat`).replace(/^.*[)] /s, '').startsWith('Z') ? false : signalled(pid)
}

function signalled (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function readIfThere (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter(line => line !== '')
