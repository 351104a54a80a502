import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ask, deployment, freshFolder, isAlive, refOf, setup, until } from './support.js'

it('a crash is followed by one restart at once, then by growing pauses', async () => {
  const { cluster, apply, events, replicas, state } = setup({ restarts: { initialMs: 50, maxMs: 100, resetAfterMs: 600_000 } })
  apply(deployment('worker', { container: { command: ['node', '-e', 'console.error("no queue given"); process.exit(2)'] } }))
  await cluster.start()
  await until(() => events.length >= 4)
  expect(events[0]).toMatch(/^worker StartFailed: TG_TARGET_START_FAILED replica worker-\w{5} ended with exit code 2 after \S+, before it was ready; its last line: no queue given; its output is in .*\.log; starting it again$/)
  expect(events.map(event => /next start in (\w+)|starting it again/.exec(event)?.[0])).toEqual(['starting it again', 'next start in 50ms', 'next start in 100ms', 'next start in 100ms'])
  expect(replicas('worker')[0]?.failure?.code).toBe('TG_TARGET_START_FAILED')
  expect(state('worker')).toEqual({ spec: 1, status: 1, ready: 0 })
})

it.each([
  ['a command that does not exist', { command: ['no-such-command'] }, 'there is no command "no-such-command" that can be run'],
  ['a folder that does not exist', { workingDir: '/no/such/folder' }, 'its working folder /no/such/folder does not exist'],
  ['a PORT that is none', { env: [{ name: 'PORT', value: 'http' }] }, 'its PORT "http" is not a port number'],
])('%s is told', async (_, container, words) => {
  const { cluster, apply, events } = setup()
  apply(deployment('worker', { container }))
  await cluster.start()
  await until(() => events.length > 0)
  expect(events[0]).toContain(`TG_TARGET_START_FAILED`)
  expect(events[0]).toContain(words)
})

it('a replica that was ready and ends is started again', async () => {
  const { cluster, apply, counts, fn, events } = setup()
  apply(deployment('worker'))
  await cluster.start()
  await counts('worker', { ready: 1 })
  const before = await ask(fn('worker')?.endpoints[0]?.url ?? '')
  await fetch(`${fn('worker')?.endpoints[0]?.url ?? ''}/crash`).catch(() => undefined)
  await counts('worker', { ready: 0 })
  await counts('worker', { ready: 1 })
  expect((await ask(fn('worker')?.endpoints[0]?.url ?? '')).pid).not.toBe(before.pid)
  expect(events[0]).toMatch(/ReplicaEnded: replica worker-\w+ ended with exit code 3 after .*; its output is in .*\.log; starting it again/)
})

it('a worker without readiness that ends says its last words and where the rest is', async () => {
  const { cluster, apply, events } = setup()
  apply(deployment('worker', { container: { ports: [], command: ['node', '-e', 'setTimeout(() => { throw new TypeError("no such picture") }, 300)'] } }))
  await cluster.start()
  await until(() => events.length > 0)
  expect(events[0]).toMatch(/^worker ReplicaEnded: replica worker-\w+ ended with exit code 1 after \S+; its last line: TypeError: no such picture; its output is in \/.*\.log; starting it again$/)
})

it('a replica that is killed takes its children along', async () => {
  const { cluster, apply, counts, fn } = setup()
  apply(deployment('worker', { container: { env: [{ name: 'FORK', value: 'yes' }] } }))
  await cluster.start()
  await counts('worker', { ready: 1 })
  const { pid, child = 0 } = await ask(fn('worker')?.endpoints[0]?.url ?? '')
  process.kill(pid, 'SIGKILL')
  await until(() => !isAlive(child))
  await counts('worker', { ready: 1 })
})

it('a replica that ignores SIGTERM is killed after its grace, children too', async () => {
  const { cluster, apply, counts, fn } = setup()
  apply(deployment('worker', { container: { env: [{ name: 'STUBBORN', value: 'yes' }, { name: 'FORK', value: 'yes' }] }, pod: { terminationGracePeriodSeconds: 1 } }))
  await cluster.start()
  await counts('worker', { ready: 1 })
  const { pid, child = 0 } = await ask(fn('worker')?.endpoints[0]?.url ?? '')
  const began = performance.now()
  await cluster.scaleTarget.set(refOf('worker'), 0, new Set())
  await counts('worker', { status: 0, ready: 0 })
  expect(performance.now() - began).toBeLessThan(500)
  await until(() => !isAlive(pid) && !isAlive(child))
  expect(performance.now() - began).toBeGreaterThan(950)
})

it('a shell that ends before the program it started leaves the program its grace', async () => {
  const { cluster, apply, counts, replicas } = setup()
  const file = `${freshFolder()}/ended`
  apply(deployment('worker', { container: { ports: [], command: ['sh', '-c', `node -e 'process.on("SIGTERM",()=>setTimeout(()=>{fs.writeFileSync("${file}","");process.exit()},200));setInterval(()=>{},9e8);fs.writeFileSync("${file}.up","")' & wait`] } }))
  await cluster.start()
  await counts('worker', { ready: 1 })
  await until(() => existsSync(`${file}.up`))
  const [replica] = replicas('worker')
  await cluster.stop()
  expect(existsSync(file)).toBe(true)
  expect(isAlive(replica?.pid ?? 0)).toBe(false)
})

it('a probe that says no keeps a replica from being ready', async () => {
  const { cluster, apply, state, counts } = setup()
  const probed = (value: string) => deployment('worker', {
    container: { env: [{ name: 'UNREADY', value }], readinessProbe: { httpGet: { path: '/healthz', port: 'web' }, periodSeconds: 1 } },
  })
  apply(probed('yes'))
  apply(deployment('other', { container: { ports: [], readinessProbe: { exec: { command: ['sh', '-c', 'test -n "$PORT" && test "$HOSTNAME" != ""'] } } } }))
  await cluster.start()
  await counts('other', { ready: 1 })
  expect(state('worker')).toEqual({ spec: 1, status: 1, ready: 0 })
  apply(probed('no'))
  await counts('worker', { status: 1, ready: 1 })
})

it('a fixed PORT is used, and several replicas of it are warned of', async () => {
  const { cluster, apply, counts, fn, events } = setup()
  const port = 19_000 + process.pid % 900
  apply(deployment('worker', { container: { env: [{ name: 'PORT', value: String(port) }] } }))
  await cluster.start()
  await counts('worker', { ready: 1 })
  expect(fn('worker')?.endpoints[0]?.url).toBe(`http://127.0.0.1:${port}`)
  await cluster.scaleTarget.set(refOf('worker'), 2, new Set())
  expect(events[0]).toContain('FixedPort')
})

it('stops twice, before its start, and by a signal', async () => {
  const never = setup()
  await never.cluster.stop()
  const { cluster, apply, counts, replicas } = setup()
  apply(deployment('worker', { replicas: 2 }))
  const life = new AbortController()
  await cluster.start(life.signal)
  await counts('worker', { ready: 2 })
  const pids = replicas('worker').map(replica => replica.pid ?? 0)
  life.abort()
  await Promise.all([cluster.stop(), cluster.stop()])
  expect(pids.map(isAlive)).toEqual([false, false])
})
