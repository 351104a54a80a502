import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { identityOf } from '../../src/local/process-identity.js'
import { deployment, fixtures, freshFolder, isAlive, refOf, setup, until } from './support.js'

const hostProgram = join(import.meta.dirname, '../../node_modules/.cache', `local-host-${process.pid}.mjs`)
beforeAll(async () => {
  await build({ entryPoints: [join(fixtures, 'host.ts')], outfile: hostProgram, bundle: true, platform: 'node', format: 'esm', target: 'node20' })
})
afterAll(() => rmSync(hostProgram, { force: true }))

interface Told { readonly spec: number, readonly status: number, readonly ready: number, readonly pids: readonly number[] }

/** A Tidegate in a process of its own, to be killed. Worker pids that it tells are ended with the test, whatever comes. */
function host (stateDir: string, raw: unknown, adoptionSeconds = 30) {
  const manifests = join(fixtures, `.manifests-${process.pid}-${Math.floor(Math.random() * 1e9)}.json`)
  writeFileSync(manifests, JSON.stringify([raw]))
  const child: ChildProcess = spawn(process.execPath, [hostProgram, stateDir, manifests, String(adoptionSeconds)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const told: Told[] = []
  let rest = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) told.push(JSON.parse(line) as Told)
  })
  onTestFinished(() => {
    rmSync(manifests, { force: true })
    child.kill('SIGKILL')
    for (const pid of told.flatMap(line => line.pids)) if (isAlive(pid)) process.kill(-pid, 'SIGKILL')
  })
  return {
    child, told,
    ready: async (n: number): Promise<readonly number[]> => {
      await until(() => told.at(-1)?.ready === n, () => JSON.stringify(told))
      return told.at(-1)?.pids ?? []
    },
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('after kill -9', () => {
  it('replicas run on, write on, and are adopted by the next start, which counts them at once', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker', { replicas: 2 }))
    const pids = await first.ready(2)
    await first.kill()
    expect(pids.map(isAlive)).toEqual([true, true])
    const second = host(stateDir, deployment('worker', { replicas: 0 }))
    expect([...await second.ready(2)].sort()).toEqual([...pids].sort())
    expect(second.told[0]).toMatchObject({ spec: 2, status: 2, ready: 2 })
    second.child.stdin?.end()
    await once(second.child, 'exit')
    expect(pids.map(isAlive)).toEqual([false, false])
    expect(existsSync(join(stateDir, 'lock'))).toBe(false)
  })

  it('replicas of another template are replaced', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker'))
    const [old] = await first.ready(1)
    await first.kill()
    const { cluster, apply, counts, replicas, state } = setup({ stateDir })
    apply(deployment('worker', { container: { args: ['2'] } }), true)
    await cluster.start()
    expect(state('worker')?.ready).toBe(1)
    await until(() => !isAlive(old ?? 0))
    await counts('worker', { status: 1, ready: 1 })
    expect(replicas('worker').find(replica => replica.ready)?.pid).not.toBe(old)
  })

  it('replicas whose Deployment is gone are ended', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker'))
    const [old] = await first.ready(1)
    await first.kill()
    const { cluster } = setup({ stateDir })
    await cluster.start()
    await until(() => !isAlive(old ?? 0))
  })

  it('the guard ends replicas that nobody adopts: SIGTERM, then SIGKILL after their grace', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker', {
      replicas: 2, container: { env: [{ name: 'STUBBORN', value: 'yes' }, { name: 'FORK', value: 'yes' }] }, pod: { terminationGracePeriodSeconds: 1 },
    }), 1)
    const pids = await first.ready(2)
    const guardPid = Number(readFileSync(join(stateDir, 'guard'), 'utf8').split(' ')[0])
    await first.kill()
    expect(isAlive(guardPid)).toBe(true)
    await until(() => pids.every(pid => !isAlive(pid)))
    await until(() => !isAlive(guardPid))
  })

  it('the guard leaves alone what has the number of a replica and is not it', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker'), 0.2)
    const [pid = 0] = await first.ready(1)
    const bystander = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
    onTestFinished(() => { bystander.kill('SIGKILL') })
    const [name = ''] = readdirSync(join(stateDir, 'replicas'))
    const record = join(stateDir, 'replicas', name)
    writeFileSync(record, readFileSync(record, 'utf8').replace(String(pid), String(bystander.pid)))
    const guardPid = Number(readFileSync(join(stateDir, 'guard'), 'utf8').split(' ')[0])
    await first.kill()
    await until(() => !isAlive(guardPid))
    expect(isAlive(bystander.pid ?? 0)).toBe(true)
    expect(existsSync(record)).toBe(false)
  })

  it('the guard leaves replicas alone that a running Tidegate has adopted', async () => {
    const stateDir = freshFolder()
    const first = host(stateDir, deployment('worker'), 0.5)
    const [pid = 0] = await first.ready(1)
    const guardPid = Number(readFileSync(join(stateDir, 'guard'), 'utf8').split(' ')[0])
    await first.kill()
    writeFileSync(join(stateDir, 'lock'), `${process.pid} ${identityOf(process.pid) ?? ''}\n`)
    await until(() => !isAlive(guardPid))
    expect(isAlive(pid)).toBe(true)
  })
})

it('keeps replicas on a stop that is asked to, and ends those of a state that is started fresh', async () => {
  const first = setup({ keep: true })
  first.apply(deployment('worker'))
  await first.cluster.start()
  await first.counts('worker', { ready: 1 })
  const pid = first.replicas('worker')[0]?.pid ?? 0
  await first.cluster.stop()
  expect(isAlive(pid)).toBe(true)
  const fresh = setup({ stateDir: first.stateDir, fresh: true })
  fresh.apply(deployment('worker', { replicas: 0 }), true)
  await fresh.cluster.start()
  expect(isAlive(pid)).toBe(false)
  expect(fresh.state('worker')).toEqual({ spec: 0, status: 0, ready: 0 })
})

it('refuses a folder that another Tidegate runs on, and takes over the lock of one that is gone', async () => {
  const first = setup()
  await first.cluster.start()
  const second = setup({ stateDir: first.stateDir })
  await expect(second.cluster.start()).rejects.toMatchObject({ code: 'TG_STATE_LOCKED', message: `process ${process.pid} runs on ${first.stateDir}` })
  await first.cluster.stop()
  writeFileSync(join(first.stateDir, 'lock'), `${process.pid} another-boot:1\n`)
  const third = setup({ stateDir: first.stateDir })
  await third.cluster.start()
  expect(await third.cluster.scaleTarget.set(refOf('none'), 1, new Set()).catch(() => 'refused')).toBe('refused')
})
