import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'nats'
import { QueueServiceClient } from '@azure/storage-queue'
import { azurite } from '../../test/servers/azurite.js'
import { natsServer } from '../../test/servers/nats.js'
import { cpuUs, rssMb, tree } from '../lib/proc.js'
import { runProduct } from '../lib/product.js'
import type { CaseResult } from '../lib/report.js'

/** Start-up, first looks and the first collections are over by then. */
const settleMs = 10_000

/** Ten ScaledObjects at zero with KEDA's default polling, no terminal: share of one core and memory, whole process tree. */
export async function idle ({ seconds }: { readonly seconds: number }): Promise<CaseResult> {
  const nats = await natsServer()
  const storage = await azurite()
  try {
    await makeStreams(nats.url)
    const service = QueueServiceClient.fromConnectionString(storage.connectionString)
    for (const index of [0, 1]) await service.createQueue(`idle-${index}`)
    const running = await runProduct({ 'idle.yaml': manifests(`127.0.0.1:${nats.monitoringPort}`, storage.connectionString) })
    try {
      await sleep(settleMs)
      return await watch(running.pid, seconds)
    } finally {
      await running.cleanUp()
    }
  } finally {
    await storage.stop()
    await nats.stop()
  }
}

async function watch (pid: number, seconds: number): Promise<CaseResult> {
  const pids = tree(pid)
  const before = pids.map(cpuUs)
  const from = performance.now()
  await sleep(seconds * 1000)
  const elapsedUs = (performance.now() - from) * 1000
  const shares = pids.map((each, index) => (cpuUs(each) - (before[index] ?? 0)) / elapsedUs * 100)
  const memory = pids.map(rssMb)
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const processes = pids.length === 1 ? 'one process' : `${pids.length} processes`
  return {
    name: 'idle',
    title: `Ten idle ScaledObjects (5 nats-jetstream, 3 cron, 2 azure-queue) for ${seconds} s, ${processes}`,
    findings: [
      { what: 'share of a core', unit: '%', values: [sum(shares)], goal: 1, beside: { 'of the main process %': shares[0] ?? NaN } },
      { what: 'resident memory', unit: 'MB', values: [sum(memory)], goal: 90, beside: { 'of the main process MB': memory[0] ?? NaN } },
    ],
    raw: { shares, memory },
  }
}

async function makeStreams (url: string): Promise<void> {
  const connection = await connect({ servers: url })
  const manager = await connection.jetstreamManager()
  for (const index of [0, 1, 2, 3, 4]) {
    await manager.streams.add({ name: `IDLE${index}`, subjects: [`idle.${index}`] })
    await manager.consumers.add(`IDLE${index}`, { durable_name: 'worker' })
  }
  await connection.close()
}

function manifests (monitoring: string, connectionString: string): string {
  const triggers = [
    ...[0, 1, 2, 3, 4].map(index => `{type: nats-jetstream, metadata: {natsServerMonitoringEndpoint: "${monitoring}", account: $G, stream: IDLE${index}, consumer: worker}}`),
    // One hour on the 29th of February: never now, and due in some year.
    ...[0, 1, 2].map(() => '{type: cron, metadata: {timezone: Etc/UTC, start: "0 0 29 2 *", end: "0 1 29 2 *", desiredReplicas: "1"}}'),
    ...[0, 1].map(index => `{type: azure-queue, metadata: {queueName: idle-${index}, connectionFromEnv: STORAGE}}`),
  ]
  return triggers.map((trigger, index) => `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: idle-${index}}
spec: {scaleTargetRef: {name: worker-${index}}, triggers: [${trigger}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker-${index}}
spec:
  replicas: 0
  selector: {matchLabels: {app: worker-${index}}}
  template:
    metadata: {labels: {app: worker-${index}}}
    spec: {containers: [{name: worker, command: [sleep, "600"], env: [{name: STORAGE, value: "${connectionString}"}]}]}
`).join('---\n')
}
