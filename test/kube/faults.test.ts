import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Run, until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { faultyLine, type FaultyLine } from '../servers/kube/faulty-line.js'
import { metricsServer, type MetricsServer } from '../servers/metrics.js'
import { askedBy, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, scaledObject, window, writes } from './operator.js'

// The API server is a real one; what it will not do on cue, the line to it does. Nothing here may move a count but the source.

let kube: KubeControlPlane
let rights: string
let line: FaultyLine
let lined: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
  rights = await installRights(kube)
  line = await faultyLine(kube)
  lined = await line.kubeconfig(rights)
})
afterAll(async () => {
  await line.stop()
  await kube.stop()
})

const working = 'holding the lease: working'
const late = 'the lease could not be renewed; trying again'
const longerThanTheLeaseMs = 6_000

let namespace: string
let source: MetricsServer
let run: Run
/** Two targets: one by a clock, at two; one by a number, three replicas, that any answer of zero would bring down at once. */
beforeEach(async () => {
  namespace = await kube.namespace()
  source = await metricsServer(25)
  for (const name of ['office', 'number']) await kube.admin.apply(deployment(namespace, name, 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 2)] }))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'number', { ...fast, triggers: [{ type: 'metrics-api', metadata: { url: source.url, valueLocation: 'value', targetValue: '10' } }] }))
  run = operator(lined)
  await run.line(l => l.msg === working)
  await comesTo('office', 2)
  await comesTo('number', 3)
})
afterEach(async () => {
  line.heal()
  await run.end()
  await source.stop()
})

const operator = (kubeconfig: string): Run => new Run(['operator', '--kubeconfig', kubeconfig, '--port', '0', '--lease-namespace', 'tidegate', '--namespace', namespace])
const comesTo = (name: string, replicas: number): Promise<unknown> => kube.admin.until<Deployment>(deploymentPath(namespace, name), d => d?.spec.replicas === replicas, 60_000)
const countsWritten = async (): Promise<readonly string[]> =>
  writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale' && e.status < 300).map(e => `${e.name} ${(e.body as { readonly spec: { readonly replicas: number } }).spec.replicas}`)
const eventsWritten = async (): Promise<number> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'events').length
/** Looks at the source that have happened: whatever they bring about has begun. */
async function looks (more: number): Promise<void> {
  const target = source.asked.length + more
  await until(() => source.asked.length >= target, () => `${more} looks\n${run.tail()}`)
}

/** The fault happens while the source asks for five; after it the five come, and nothing else was written. */
async function survives (fault: () => Promise<void>): Promise<void> {
  const [before, events] = [await countsWritten(), await eventsWritten()]
  source.set(45)
  await fault()
  line.heal()
  await comesTo('number', 5)
  await until(async () => (await countsWritten()).length > before.length)
  await looks(2)
  expect(await countsWritten()).toEqual([...before, 'number 5'])
  expect(await eventsWritten() - events).toBeLessThanOrEqual(8)
  source.set(15)
  await comesTo('number', 2)
}

test('an overloaded API server, 429 to all but the lease: it is asked as seldom as it wants, and then all goes on', async () => {
  await survives(async () => {
    line.inject((_, path) => path.includes('/leases/') ? undefined : { status: 429, reason: 'TooManyRequests', headers: { 'retry-after': '2' } })
    const from = line.asked.length
    await looks(8)
    const refused = line.asked.slice(from).filter(asked => asked.injected)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(60)
  })
})

test.each([[500, 'InternalError'], [503, 'ServiceUnavailable'], [504, 'Timeout']])('an API server that answers %s to every other request, the lease included', async (status, reason) => {
  let n = 0
  await survives(async () => {
    line.inject(() => n++ % 2 === 0 ? { status, reason } : undefined)
    await looks(6)
  })
})

test('every request refused for longer than the lease', async () => {
  await survives(async () => {
    line.inject(() => ({ status: 503, reason: 'ServiceUnavailable' }))
    await run.line(l => l.msg === late, 'a late lease', run.log.length)
    await outlast()
  })
})

test('a black-holed connection, longer than the lease: nothing is closed, nothing arrives', async () => {
  await survives(async () => {
    line.blackHole()
    await run.line(l => l.msg === late, 'a late lease', run.log.length)
    await outlast()
  })
})

test('connections that are reset, again and again', async () => {
  await survives(async () => {
    for (let times = 0; times < 5; times++) {
      line.cut()
      await looks(1)
      line.heal()
      await looks(1)
    }
  })
})

test('the API server is killed, its past is compacted, and it starts again', async () => {
  await survives(async () => {
    await kube.killApiServer()
    await run.line(l => l.msg === late, 'a late lease', run.log.length)
    await kube.compactEtcd()
    await kube.restartApiServer()
  })
})

test('a leader that cannot be reached is followed by another; when it can, it writes nothing more', async () => {
  const standby = operator(rights)
  try {
    await standby.ready()
    const before = await countsWritten()
    expect(await told(run)).toEqual({ objects: expect.arrayContaining(['number']) as unknown, series: expect.arrayContaining(['tidegate_scaled_object_replicas']) as unknown })
    line.blackHole()
    await standby.line(l => l.msg === working)
    source.set(45)
    await comesTo('number', 5)
    line.heal() // what it sent while it could not know arrives now, and each names the version that it was meant for
    await run.line(l => l.msg === 'the lease went to another')
    const from = Date.now()
    await looks(3)
    expect(line.asked.filter(({ at, method }) => at >= from && !['GET', 'PUT'].includes(method))).toEqual([]) // a PUT is of the lease
    expect(await countsWritten()).toEqual([...before, 'number 5'])
    await expect.poll(() => told(run), { timeout: 20_000 }).toEqual({ objects: [], series: [] }) // it is the other's to tell
    expect(await told(standby)).toMatchObject({ objects: expect.arrayContaining(['number']) as unknown })
  } finally {
    await standby.end()
  }
})

/** Of whom an operator tells, and which series of theirs it has. */
async function told (operator: Run): Promise<{ readonly objects: readonly string[], readonly series: readonly string[] }> {
  const { address } = await operator.line(l => l.msg === 'ready') as { readonly address?: string }
  const statuses = await (await fetch(`${address}/status`)).json() as readonly { readonly ref: { readonly name: string } }[]
  const metrics = await (await fetch(`${address}/metrics`)).text()
  return { objects: statuses.map(({ ref }) => ref.name), series: [...new Set([...metrics.matchAll(/^(tidegate_\w+)\{[^}]*scaled_object=/gm)].map(([, name = '']) => name))] }
}

/** Time is what this fault is about: nothing else tells that the lease has lapsed. */
async function outlast (): Promise<void> {
  const until = performance.now() + longerThanTheLeaseMs
  while (performance.now() < until) await looks(1)
}
