import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { formatProblem } from '../../src/spec/problem.js'
import { ask, deployment, fixtures, isAlive, refOf, service, setup, until } from './support.js'

describe('replicas', () => {
  it('run from zero to three and back, each on a port of its own', async () => {
    const { cluster, apply, fn, counts } = setup()
    apply(deployment('worker', { replicas: 0 }))
    apply(service('worker'))
    await cluster.start()
    expect(fn('worker')).toEqual({ target: refOf('worker'), endpoints: [] })
    await cluster.scaleTarget.set(refOf('worker'), 3, new Set())
    await counts('worker', { spec: 3, status: 3, ready: 3 })
    const state = fn('worker')
    const said = await Promise.all(state?.endpoints.map(endpoint => ask(endpoint.url)) ?? [])
    expect(new Set(said.map(({ env }) => env['PORT'])).size).toBe(3)
    expect(said.map(({ env }) => env['HOSTNAME'])).toEqual(state?.endpoints.map(endpoint => endpoint.id))
    expect(state?.lastStart?.readyAt).toBeGreaterThanOrEqual(state?.lastStart?.startedAt ?? Infinity)
    await cluster.scaleTarget.set(refOf('worker'), 0, new Set())
    await counts('worker', { spec: 0, status: 0, ready: 0 })
    await until(() => said.every(({ pid }) => !isAlive(pid)))
  })

  it('see their declared environment and nothing of ours but PATH, HOME and LANG', async () => {
    process.env['TIDEGATE_TEST_SECRET'] = 'ours'
    onTestFinished(() => { delete process.env['TIDEGATE_TEST_SECRET'] })
    const { cluster, apply, counts, fn } = setup()
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, data: { password: Buffer.from('pa$$').toString('base64') } })
    apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mode' }, data: { LEVEL: 'high' } })
    apply(service('queue-db', 5432))
    apply(deployment('worker', {
      container: {
        args: ['--url', '$(URL)', '$$(URL)', '$(UNKNOWN)'],
        envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'mode' } }],
        env: [
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
          { name: 'URL', value: 'tcp://$(QUEUE_DB_SERVICE_HOST):$(QUEUE_DB_SERVICE_PORT)/$(CFG_LEVEL)?p=$(PASSWORD)' },
        ],
      },
    }))
    await cluster.start()
    await counts('worker', { ready: 1 })
    const { env, args, cwd } = await ask(fn('worker')?.endpoints[0]?.url ?? '')
    const port = env['QUEUE_DB_SERVICE_PORT'] ?? ''
    expect(env).toMatchObject({ PASSWORD: 'pa$$', CFG_LEVEL: 'high', QUEUE_DB_SERVICE_HOST: '127.0.0.1', QUEUE_DB_SERVICE_PORT_WEB: port, URL: `tcp://127.0.0.1:${port}/high?p=pa$$` })
    expect(args).toEqual(['--url', env['URL'], '$(URL)', '$(UNKNOWN)'])
    expect(Object.keys(env).filter(name => !/^(CFG_LEVEL|QUEUE_DB_SERVICE_.*|PASSWORD|URL|PATH|HOME|LANG|PORT|HOSTNAME)$/.test(name))).toEqual([])
    expect(cwd).toBe(fixtures)
    const [container] = await cluster.objects.containers(refOf('worker')) ?? []
    expect(container?.env[0]).toEqual({ name: 'QUEUE_DB_SERVICE_HOST', value: '127.0.0.1' })
  })

  it('write into a log of their own', async () => {
    const { cluster, apply, counts, replicas } = setup()
    apply(deployment('worker'))
    await cluster.start()
    await counts('worker', { ready: 1 })
    const [replica] = replicas('worker')
    expect(readFileSync(replica?.log ?? '', 'utf8')).toBe(`listening as ${replica?.name}\n`)
  })

  it('are replaced one at a time when the template changes, without a moment without a ready one', async () => {
    const { cluster, apply, counts, fn, state } = setup()
    apply(deployment('worker', { replicas: 2 }))
    await cluster.start()
    await counts('worker', { ready: 2 })
    const least: number[] = []
    const most: number[] = []
    const stop = cluster.scaleTarget.watch(refOf('worker'), now => {
      least.push(now?.ready ?? 0)
      most.push(now?.status ?? 0)
    })
    apply(deployment('worker', { replicas: 2, container: { env: [{ name: 'VERSION', value: '2' }] } }))
    await until(async () => {
      const endpoints = fn('worker')?.endpoints ?? []
      const said = await Promise.all(endpoints.map(endpoint => ask(endpoint.url).catch(() => undefined)))
      return said.length === 2 && said.every(answer => answer?.env['VERSION'] === '2')
    })
    stop()
    expect(Math.min(...least)).toBe(2)
    expect(Math.max(...most)).toBe(3)
    expect(state('worker')).toEqual({ spec: 2, status: 2, ready: 2 })
  })

  it('keep running under a broken edit, and its problem says what to do', async () => {
    const { cluster, apply, counts } = setup()
    apply(deployment('worker'))
    await cluster.start()
    await counts('worker', { ready: 1 })
    const problems = apply(deployment('worker', { container: { image: 'acme/worker:2', command: undefined } }))
    expect(problems.map(formatProblem).join()).toContain('error TG_CONFIG_NOT_LOCAL spec.template.spec.containers[0]: container "main" (image acme/worker:2) has no command')
    await counts('worker', { status: 1, ready: 1 })
  })

  it('of an image run the annotation', async () => {
    const { cluster, apply, counts, fn } = setup()
    expect(apply(deployment('worker', { container: { image: 'acme/worker', command: undefined }, annotations: { 'tidegate.dev/local-command': 'node worker.mjs "two words" $PORT' } }))).toEqual([])
    await cluster.start()
    await counts('worker', { ready: 1 })
    const { args, env } = await ask(fn('worker')?.endpoints[0]?.url ?? '')
    expect(args).toEqual(['two words', env['PORT']])
  })

  it('keep their count when it belongs to somebody else than the file', async () => {
    const { cluster, apply, counts } = setup()
    apply(deployment('worker', { replicas: 0 }), true)
    await cluster.start()
    await cluster.scaleTarget.set(refOf('worker'), 1, new Set())
    apply(deployment('worker', { replicas: 4 }), true)
    await counts('worker', { spec: 1, ready: 1 })
    apply(deployment('worker', { replicas: 2 }), false)
    await counts('worker', { spec: 2, ready: 2 })
    cluster.delete(refOf('worker'))
    await expect(cluster.scaleTarget.set(refOf('worker'), 1, new Set())).rejects.toThrow('there is no Deployment default/worker')
  })

  it('start when a missing Secret comes', async () => {
    const { cluster, apply, counts, events } = setup()
    apply(deployment('worker', { container: { envFrom: [{ secretRef: { name: 'late' } }] } }))
    await cluster.start()
    await until(() => events.filter(event => event.includes('TG_TARGET_START_FAILED')).length === 2)
    expect(events[0]).toContain('could not be started: Secret late does not exist')
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'late' }, stringData: { KEY: 'x' } })
    await counts('worker', { ready: 1 })
  })
})

describe('what is not run on one machine', () => {
  const full = deployment('worker', { replicas: 0, pod: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'main', command: ['node'], resources: {} }, { name: 'mesh', image: 'proxy', lifecycle: {} }] } })

  it('is a warning each', () => {
    expect(setup().apply(full).map(formatProblem)).toEqual([
      expect.stringMatching(/warning TG_CONFIG_NOT_LOCAL spec\.template\.spec\.containers\[0\]\.resources: is not run on one machine/),
      expect.stringMatching(/warning TG_CONFIG_NOT_LOCAL spec\.template\.spec\.nodeSelector: is not run on one machine/),
      expect.stringMatching(/warning TG_CONFIG_NOT_LOCAL spec\.template\.spec\.containers\[1\]: container "mesh" is not run/),
    ])
  })

  it('is an error each where strictness is asked for, and nothing is taken', () => {
    const { apply, state } = setup({ strict: true })
    expect(apply(full).map(problem => problem.severity)).toEqual(['error', 'error', 'error'])
    expect(state('worker')).toBeUndefined()
  })
})

describe('a Service', () => {
  it('spreads connections over ready replicas, and closes them at once when there is none', async () => {
    const { cluster, apply, counts } = setup()
    apply(service('worker'))
    apply(deployment('worker', { replicas: 0 }))
    apply(deployment('peer', { replicas: 1 }))
    await cluster.start()
    const [container] = await cluster.objects.containers(refOf('worker')) ?? []
    const port = Number(container?.env.find(entry => entry.name === 'WORKER_SERVICE_PORT')?.value)
    const refused = connect({ port, host: '127.0.0.1' })
    await once(refused, 'close')
    await cluster.scaleTarget.set(refOf('worker'), 2, new Set())
    await counts('worker', { ready: 2 })
    const pids = []
    for (let i = 0; i < 4; i++) pids.push((await ask(`http://127.0.0.1:${port}/`)).pid)
    expect(new Set(pids).size).toBe(2)
    expect(pids[0]).toBe(pids[2])
  })

  it('passes large bodies and a half-closed connection', async () => {
    const { cluster, apply, counts } = setup()
    apply(service('worker'))
    apply(deployment('worker', { container: { command: ['node', '-e', 'require("net").createServer({allowHalfOpen:true},s=>s.pipe(s)).listen(process.env.PORT,"127.0.0.1")'] } }))
    await cluster.start()
    await counts('worker', { ready: 1 })
    const [container] = await cluster.objects.containers(refOf('worker')) ?? []
    const socket = connect({ port: Number(container?.env[1]?.value), host: '127.0.0.1', allowHalfOpen: true })
    const sent = Buffer.alloc(8 << 20, 'tide')
    socket.end(sent)
    const got: Buffer[] = []
    for await (const chunk of socket) got.push(chunk as Buffer)
    expect(Buffer.concat(got).equals(sent)).toBe(true)
  })

  it('keeps a port it had to choose', async () => {
    const first = setup()
    first.apply(service('worker', 80))
    await first.cluster.start()
    const portOf = () => first.events.map(event => /127\.0\.0\.1:(\d+)/.exec(event)?.[1])
    await until(() => portOf().length === 1)
    await first.cluster.stop()
    const second = setup({ stateDir: first.stateDir })
    second.apply(service('worker', 80))
    await second.cluster.start()
    expect(second.events[0]).toContain(`port 80 needs a privilege on this machine; listening on 127.0.0.1:${portOf()[0] ?? ''}`)
  })

  it('moves to a free port when its own is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    onTestFinished(() => { taken.close() })
    const address = taken.address()
    const port = typeof address === 'object' ? address?.port ?? 0 : 0
    const { cluster, apply, events } = setup()
    apply(service('worker', port))
    await cluster.start()
    expect(events[0]).toContain(`port ${port} is taken`)
  })
})
