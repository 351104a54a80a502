import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing, KubeError, type KubeClient } from './client.js'
import type { Pod } from './pod.js'
import { isProcess, PodProcesses } from './pod-process.js'

/**
 * Annotations of a pod that say what becomes of it; times in milliseconds.
 * `start-after`: from its creation to its start, 0 unless given; `never` for one that stays Pending until `begin`.
 * `ready-after`: from its start to Ready, 0 unless given; `never` for one that stays unready.
 * `stop-after`: from the wish to delete it until it is gone, 0 unless given.
 * `exit-after`: until it has ended, with `exit-code` (0 unless given); else it runs on.
 */
const script = (word: 'start-after' | 'ready-after' | 'stop-after' | 'exit-after' | 'exit-code'): string => `kubelet.test/${word}`

/** A kubelet that runs nothing: pods get a node, an address and the states of their script. Only a pod of the image `process` is one: its command runs here, and is ready when it says so. */
export interface FakeKubelet {
  readonly node: string
  readonly processes: PodProcesses
  /** Makes readiness go away and come back. */
  setReady(namespace: string, pod: string, ready: boolean): Promise<void>
  /** A pod that stayed Pending starts. */
  begin(namespace: string, pod: string): Promise<void>
  /** A pod ends by itself. */
  finish(namespace: string, pod: string, exitCode?: number): Promise<void>
  stop(): Promise<void>
}

export async function fakeKubelet (client: KubeClient, node = 'node-1'): Promise<FakeKubelet> {
  await addNode(client, node)
  const stopping = new AbortController()
  const lives = new Map<string, PodLife>()
  const processes = new PodProcesses()
  let addresses = 0
  const address = (): string => `10.200.${Math.floor(addresses / 250) % 256}.${addresses++ % 250 + 1}`
  const watching = client.watch<Pod>('/api/v1/pods', ({ type, object: pod }) => {
    const uid = pod.metadata.uid ?? ''
    if (type === 'DELETED') { lives.get(uid)?.end(); lives.delete(uid); return }
    const life = lives.get(uid) ?? podLife({ client, node, address, processes, signal: stopping.signal })
    lives.set(uid, life)
    life.saw(pod)
  }, stopping.signal)
  return {
    node, processes,
    async setReady (namespace, name, ready) {
      await client.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { status: { conditions: readiness(ready) } }, 'strategic-merge')
    },
    async begin (namespace, name) {
      const pod = await client.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`)
      await setStatus(client, pod, stopping.signal, { phase: 'Running', ...running(pod, true) })
    },
    async finish (namespace, name, exitCode = 0) {
      const pod = await client.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`)
      await setStatus(client, pod, stopping.signal, ended(pod, exitCode))
    },
    async stop () {
      stopping.abort()
      await watching
      await processes.stopAll()
    },
  }
}

async function addNode (client: KubeClient, name: string): Promise<void> {
  const room = { cpu: '64', memory: '256Gi', pods: '5000' }
  await client.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } })
  await client.patch(`/api/v1/nodes/${name}/status`, {
    status: { capacity: room, allocatable: room, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ready', lastHeartbeatTime: now(), lastTransitionTime: now() }] },
  }, 'strategic-merge')
}

interface PodLife { saw(pod: Pod): void, end(): void }
interface Parts { readonly client: KubeClient, readonly node: string, readonly address: () => string, readonly processes: PodProcesses, readonly signal: AbortSignal }

/** One pod from binding to the end. Each step is taken once; a pod that is gone meanwhile ends it quietly. */
function podLife (given: Parts): PodLife {
  const over = new AbortController()
  const until = AbortSignal.any([given.signal, over.signal])
  const parts = { ...given, signal: until }
  let isStarted = false
  let isStopping = false
  const take = (step: () => Promise<void>): void => { void step().catch((error: unknown) => { if (!until.aborted && !isGone(error)) throw error }) }
  return {
    saw (pod) {
      if (pod.metadata.deletionTimestamp !== undefined) {
        if (!isStopping) take(() => stop(pod, parts))
        isStopping = true
      } else if (!isStarted) {
        isStarted = true
        take(() => start(pod, parts))
      }
    },
    end: () => over.abort(),
  }
}

const isGone = (error: unknown): boolean => error instanceof KubeError && [404, 409].includes(error.status)

/** Over a restart of the API server, until the pod's end. */
async function insist (ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error
    }
    await sleep(100, undefined, { signal })
  }
}

async function start (pod: Pod, { client, node, address, processes, signal }: Parts): Promise<void> {
  if (isOver(pod)) return
  if (pod.spec.nodeName === undefined) await insist(() => bind(client, pod, node), signal)
  const startAfter = said(pod, 'start-after') ?? '0'
  if (startAfter === 'never') return
  if (startAfter !== '0') await sleep(Number(startAfter), undefined, { signal })
  const wait = said(pod, 'ready-after') ?? '0'
  const isSoon = wait === '0' && !isProcess(pod)
  const podIP = pod.status?.podIP ?? address()
  await setStatus(client, pod, signal, { phase: 'Running', podIP, podIPs: [{ ip: podIP }], hostIP: '127.0.0.1', startTime: now(), ...running(pod, isSoon) })
  if (isProcess(pod)) return await startProcess({ ...pod, status: { podIP } }, { client, processes, signal })
  if (!isSoon && wait !== 'never') {
    await sleep(Number(wait), undefined, { signal })
    await setStatus(client, pod, signal, running(pod, true))
  }
  const exitAfter = said(pod, 'exit-after')
  if (exitAfter === undefined) return
  await sleep(Number(exitAfter), undefined, { signal })
  await setStatus(client, pod, signal, ended(pod, Number(said(pod, 'exit-code') ?? 0)))
}

/** Its states are told one after the other; one that is gone meanwhile is told no more. */
async function startProcess (pod: Pod, { client, processes, signal }: Pick<Parts, 'client' | 'processes' | 'signal'>): Promise<void> {
  let told = Promise.resolve()
  await processes.start(pod, pod.status?.podIP ?? '', isReady => {
    told = told.then(() => setStatus(client, pod, signal, running(pod, isReady))).catch((error: unknown) => { if (!signal.aborted && !isGone(error)) throw error })
  })
}

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

async function bind (client: KubeClient, { metadata: { name, namespace } }: Pod, node: string): Promise<void> {
  await client.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
    { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target: { apiVersion: 'v1', kind: 'Node', name: node } })
}

async function stop (pod: Pod, { client, processes, signal }: Parts): Promise<void> {
  await processes.stop(pod)
  const stopAfter = Number(said(pod, 'stop-after') ?? 0)
  if (stopAfter > 0) {
    if (!isOver(pod)) await setStatus(client, pod, signal, { conditions: readiness(false) })
    await sleep(stopAfter, undefined, { signal })
  }
  await insist(() => client.delete(podPath(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } }), signal)
}

const said = (pod: Pod, word: Parameters<typeof script>[0]): string | undefined => pod.metadata.annotations?.[script(word)]
const podPath = ({ metadata: { name, namespace } }: Pod): string => `/api/v1/namespaces/${namespace}/pods/${name}`
const now = (): string => new Date().toISOString()

async function setStatus (client: KubeClient, pod: Pod, signal: AbortSignal, status: Readonly<Record<string, unknown>>): Promise<void> {
  await insist(() => client.patch(`${podPath(pod)}/status`, { metadata: { uid: pod.metadata.uid }, status }, 'strategic-merge'), signal)
}

const condition = (type: string, isTrue: boolean): Readonly<Record<string, string>> => ({ type, status: isTrue ? 'True' : 'False', lastTransitionTime: now() })
const readiness = (isReady: boolean): readonly Readonly<Record<string, string>>[] => [condition('ContainersReady', isReady), condition('Ready', isReady)]

function running (pod: Pod, ready: boolean): Readonly<Record<string, unknown>> {
  return {
    conditions: [condition('PodScheduled', true), condition('Initialized', true), ...readiness(ready)],
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({ name, image, imageID: '', restartCount: 0, started: true, ready, state: { running: { startedAt: now() } } })),
  }
}

function ended (pod: Pod, exitCode: number): Readonly<Record<string, unknown>> {
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed', conditions: readiness(false),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name, image, imageID: '', restartCount: 0, started: false, ready: false,
      state: { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: now(), finishedAt: now() } },
    })),
  }
}
