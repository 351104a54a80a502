import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readWorkload, type Workload } from '../../src/api/workload/index.js'
import { systemClock } from '../../src/cli/clock.js'
import { localCluster, type LocalCluster, type LocalOptions, type ReplicaView } from '../../src/local/index.js'
import { identityOf } from '../../src/local/process-identity.js'
import type { FunctionState, ObjectRef, TargetState } from '../../src/runtime/ports.js'
import type { Problem } from '../../src/spec/problem.js'
import { quietLog } from './quiet-log.js'

/** The folder that stands for the manifests' own: relative working folders and files begin here. */
export const fixtures = join(import.meta.dirname, 'fixtures')
export const manifestFile = join(fixtures, 'manifests.yaml')

export function freshFolder (): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-local-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function workload (raw: unknown): Workload {
  const parsed = readWorkload(raw, { kind: 'file', file: manifestFile, locate: () => ({ line: 1, column: 1 }) })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

export interface DeploymentShape {
  readonly replicas?: number
  readonly container?: Readonly<Record<string, unknown>>
  readonly pod?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A Deployment of the worker fixture. */
export const deployment = (name: string, { replicas = 1, container = {}, pod = {}, annotations = {} }: DeploymentShape = {}) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: {
    replicas, selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: { containers: [{ name: 'main', command: ['node', 'worker.mjs'], ports: [{ name: 'web', containerPort: 8080 }], ...container }], ...pod },
    },
  },
})

export const service = (name: string, port = 80) => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ name: 'web', port, targetPort: 'web' }] },
})

export const refOf = (name: string): ObjectRef => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name })

export interface Setup {
  readonly cluster: LocalCluster
  readonly stateDir: string
  readonly events: string[]
  readonly apply: (raw: unknown, keepReplicas?: boolean) => readonly Problem[]
  readonly state: (name: string) => TargetState | undefined
  readonly fn: (name: string) => FunctionState | undefined
  readonly replicas: (name: string) => readonly ReplicaView[]
  /** Resolves when the counts are these. */
  readonly counts: (name: string, counts: Partial<TargetState>) => Promise<void>
}

/** A cluster in a folder of its own; what it runs is ended with the test. */
export function setup (options: Partial<LocalOptions> = {}): Setup {
  const stateDir = options.stateDir ?? freshFolder()
  const events: string[] = []
  const cluster = localCluster({
    stateDir, clock: systemClock, random: Math.random, log: quietLog,
    events: { emit: (ref, event) => { events.push(`${ref.name} ${event.reason}: ${event.note}`) } }, ...options,
  })
  onTestFinished(() => cluster.stop())
  const state = (name: string) => now<TargetState | undefined>(listener => cluster.scaleTarget.watch(refOf(name), listener))
  return {
    cluster, stateDir, events, state,
    apply: (raw, keepReplicas = false) => cluster.apply(workload(raw), { keepReplicas }),
    fn: name => now<FunctionState | undefined>(listener => cluster.endpoints.watch({ namespace: 'default', name }, listener)),
    replicas: name => cluster.replicas(refOf(name)) ?? [],
    counts: (name, counts) => until(() => {
      const present = state(name)
      return Object.entries(counts).every(([key, value]) => present?.[key as keyof TargetState] === value)
    }, () => `${name} is ${JSON.stringify(state(name))}, not ${JSON.stringify(counts)}; ${events.join('; ')}`),
  }
}

function now<T> (watch: (listener: (value: T) => void) => () => void): T {
  let seen: T | undefined
  watch(value => { seen = value })()
  return seen as T
}

/** Waits for a condition; fails after ten seconds with what `why` says. */
export async function until (condition: () => boolean | Promise<boolean>, why: () => string = () => condition.toString()): Promise<void> {
  const end = performance.now() + 10_000
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${why()}`)
    await systemClock.sleep(5)
  }
}

export const isAlive = (pid: number): boolean => identityOf(pid) !== undefined

/** What the worker fixture says of itself. */
export interface Said { readonly env: Record<string, string>, readonly args: string[], readonly cwd: string, readonly pid: number, readonly child?: number }
export async function ask (url: string): Promise<Said> {
  return await (await fetch(url, { headers: { connection: 'close' } })).json() as Said
}
