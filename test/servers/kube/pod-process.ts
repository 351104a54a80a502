import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/local/free-port.js'
import type { KubeObject } from './client.js'
import type { Pod } from './pod.js'

/** The image of a container whose command is run as a process of this machine. */
export const processImage = 'process'

export const isProcess = ({ spec }: Pod): boolean => spec.containers[0]?.image === processImage

/** What runs for one pod. */
export interface PodProcess {
  readonly pid: number | undefined
  /** SIGTERM, and SIGKILL when the pod's grace is over; resolves when it is gone. */
  stop(): Promise<void>
}

/** Processes that stand for pods: the command of the first container, with PORT in its environment; one that ends is started again, as a kubelet does. */
export class PodProcesses {
  /** Has a file for each address of a pod that takes connections; `fixtures/pod-network.mjs` reads it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'tidegate-pods-'))
  readonly #all = new Map<string, { readonly namespace: string, readonly running: PodProcess }>()
  readonly #ended = new Set<string>()
  readonly #ports = new Set<number>()

  /** `onReady`: its readiness probe was answered, or it ended. */
  async start (pod: Pod, address: string, onReady: (isReady: boolean) => void): Promise<void> {
    const port = await freePort(Math.random, this.#ports)
    const { uid = '', namespace = '' } = pod.metadata
    if (this.#ended.has(uid)) return
    this.#ports.add(port)
    writeFileSync(join(this.folder, address), String(port))
    this.#all.set(uid, { namespace, running: runPod(pod, port, onReady) })
  }

  /** Of the pods of a namespace that run now. */
  pids (namespace: string): readonly number[] {
    return [...this.#all.values()].flatMap(({ namespace: its, running: { pid } }) => its === namespace && pid !== undefined ? [pid] : []).sort((a, b) => a - b)
  }

  /** Of one pod, while it runs. */
  pid ({ metadata: { uid = '' } }: KubeObject): number | undefined { return this.#all.get(uid)?.running.pid }

  async stop (pod: Pod): Promise<void> {
    const { uid = '' } = pod.metadata
    this.#ended.add(uid)
    await this.#all.get(uid)?.running.stop()
    this.#all.delete(uid)
    if (pod.status?.podIP !== undefined) rmSync(join(this.folder, pod.status.podIP), { force: true })
  }

  async stopAll (): Promise<void> {
    const all = [...this.#all.values()].map(({ running }) => running)
    for (const { pid } of all) if (pid !== undefined) process.kill(pid, 'SIGKILL')
    await Promise.all(all.map(running => running.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function runPod (pod: Pod, port: number, onReady: (isReady: boolean) => void): PodProcess {
  const stopping = new AbortController()
  let child: ChildProcess | undefined
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      child = start(pod, port)
      const exited = once(child, 'exit')
      const life = new AbortController()
      void isAnswered(pod, port, AbortSignal.any([life.signal, stopping.signal])).then(ready => { if (ready) onReady(true) })
      await exited
      life.abort()
      child = undefined
      if (!stopping.signal.aborted) onReady(false)
    }
  }
  const running = run()
  return {
    get pid () { return child?.pid },
    async stop () {
      stopping.abort()
      const kill = setTimeout(() => child?.kill('SIGKILL'), (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000)
      child?.kill('SIGTERM')
      await running
      clearTimeout(kill)
    },
  }
}

function start ({ spec, metadata: { name } }: Pod, port: number): ChildProcess {
  const { command: [program = '', ...args] = [], env = [] } = spec.containers[0] ?? {}
  const declared = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]))
  return spawn(program, args, { stdio: 'ignore', env: { PATH: process.env['PATH'], HOSTNAME: name, PORT: String(port), ...declared } })
}

/** Its readiness probe says yes; a pod without one is ready as it starts. False: the signal aborted first. */
async function isAnswered ({ spec }: Pod, port: number, signal: AbortSignal): Promise<boolean> {
  const path = spec.containers[0]?.readinessProbe?.httpGet?.path
  while (path !== undefined && !signal.aborted) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' }, signal }).then(({ ok }) => ok, () => false)
    if (answer) break
    await sleep(20)
  }
  return !signal.aborted
}
