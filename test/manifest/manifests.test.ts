import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { contentsOf, manifestFolder, manifestSource } from '../../src/manifest/index.js'
import { watchFiles } from '../../src/manifest/watcher.js'
import { Inbox } from '../../src/plugin/index.js'
import { refKey } from '../../src/runtime/ports.js'
import { formatProblem } from '../../src/spec/index.js'

async function folder (files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-manifests-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(dir, name), text)))
  return dir
}

const scaledObject = (name: string, polling = 30): string => `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: ${name}}
spec:
  pollingInterval: ${polling}
  scaleTargetRef: {name: worker}
  triggers: [{type: cron, metadata: {}}]
`
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n'

const problemsIn = async (files: Record<string, string>): Promise<string[]> => {
  const dir = await folder(files)
  return contentsOf(await manifestFolder([dir])).problems.map(p => formatProblem(p).replace(`${dir}/`, ''))
}

test('every path has a place, in lists and later documents too', async () => {
  const dir = await folder({ 'a.yaml': `${secret}---\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: c}\n    data:\n      key: value\n` })
  const { manifests } = await manifestFolder([dir])
  expect(manifests).toHaveLength(2)
  const places = [['data', 'key'], ['data', 'nothing', 'below'], ['metadata', 'name'], []].map(path => manifests[1]?.origin.locate(path))
  expect(places).toEqual([{ line: 13, column: 7 }, { line: 12, column: 5 }, { line: 11, column: 16 }, { line: 9, column: 5 }])
})

test('broken YAML says where and what to do', async () => {
  expect(await problemsIn({ 'a.yaml': 'a: 1\na: 2\n' })).toEqual(['a.yaml:2:1 error TG_CONFIG_SYNTAX map keys must be unique; keep one of the two'])
  expect((await problemsIn({ 'a.yaml': 'a:\n\tb: 1\n' }))[0]).toMatch(/^a.yaml:2:1 error TG_CONFIG_SYNTAX .*; indent with spaces$/)
  expect((await problemsIn({ 'a.yaml': 'a:\n  b: 1\n c: 2\n' }))[0]).toMatch(/^a.yaml:3:\d+ error TG_CONFIG_SYNTAX .*; indent the entries of one mapping or list alike$/)
})

test('other people\'s files lie beside manifests in peace; a YAML file that is no object is named', async () => {
  expect(await problemsIn({ 'package.json': '{"name": "x"}', 'README.md': '{', 'compose.yaml': 'services: {}\n' }))
    .toEqual(['compose.yaml:1:1 warning TG_CONFIG_UNKNOWN_KIND has no apiVersion and kind, and is not read; add both, or keep the file elsewhere'])
})

test('of two objects of one name the first is kept', async () => {
  const dir = await folder({ 'a.yaml': scaledObject('x', 10), 'b.yaml': scaledObject('x', 20) })
  const { entries, problems } = contentsOf(await manifestFolder([dir]))
  expect(entries.map(e => e.origin.file)).toEqual([join(dir, 'a.yaml')])
  expect(problems.map(p => p.code)).toEqual(['TG_CONFIG_DUPLICATE'])
})

test('tidegate.yaml gives defaults', async () => {
  const dir = await folder({ 'tidegate.yaml': 'defaults:\n  nats: {servers: [nats:4222]}\n' })
  expect(contentsOf(await manifestFolder([dir])).config).toEqual({ defaults: { nats: { servers: ['nats:4222'] } } })
})

test('a path that leads nowhere is a usage error', async () => {
  await expect(manifestFolder(['/nowhere/at/all'])).rejects.toMatchObject({ code: 'TG_USAGE' })
})

/** A running source whose story is told line by line. */
async function watching (files: Record<string, string>, there?: string) {
  const dir = there ?? await folder(files)
  const story = new Inbox<string>()
  const stop = new AbortController()
  const source = manifestSource({
    paths: [dir], clock: systemClock, listener: {
      workloadApplied: w => story.push(`workload ${w.kind} ${w.metadata.name}`),
      workloadRefused: (ref, problems) => story.push(`workload refused ${refKey(ref)} ${problems[0]?.code}`),
      workloadDeleted: ref => story.push(`workload deleted ${refKey(ref)}`),
      config: config => story.push(`config ${JSON.stringify(config.defaults)}`),
      other: ref => story.push(`other ${refKey(ref)}`),
      problems: problems => story.push(`problems ${problems.map(p => p.code).join()}`),
      edited: ({ file, how, changes }) => story.push(`${how} ${basename(file)} ${changes.map(({ ref, what }) => `${ref.name} ${what}`).join()}`),
    },
  })
  const done = source.watch({
    applied: r => story.push(`applied ${r.kind} ${r.metadata.name} ${r.kind === 'ScaledObject' ? r.spec.pollingIntervalMs : ''}`),
    refused: (ref, problems) => story.push(`refused ${refKey(ref)} ${problems[0]?.code}`),
    deleted: ref => story.push(`deleted ${refKey(ref)}`),
    synced: () => story.push('synced'),
  }, stop.signal)
  onTestFinished(async () => { stop.abort(); await done })
  return { dir, stop, done, until: async (wanted: string): Promise<string[]> => {
    const seen: string[] = []
    for await (const line of { [Symbol.asyncIterator]: () => ({ next: () => story.next() }) }) {
      seen.push(line)
      if (line === wanted) return seen
    }
    return seen
  } }
}

test('tells what is there, workloads first, then every edit', async () => {
  const { dir, until } = await watching({ 'a.yaml': scaledObject('x'), 'z.yaml': secret })
  expect(await until('synced')).toEqual(['config {}', 'workload Secret s', 'applied ScaledObject x 30000', 'synced'])
  await writeFile(join(dir, 'a.yaml'), scaledObject('x', 5))
  expect(await until('applied ScaledObject x 5000')).toEqual(['applied ScaledObject x 5000'])
  await writeFile(join(dir, 'b.yaml'), scaledObject('y'))
  await until('applied ScaledObject y 30000')
  await rm(join(dir, 'b.yaml'))
  await until('deleted ScaledObject default/y')
})

test('a broken edit keeps what runs, says so once, and is over when it is mended', async () => {
  const { dir, until } = await watching({ 'a.yaml': scaledObject('x') })
  await until('synced')
  await writeFile(join(dir, 'a.yaml'), `${scaledObject('x')}spec: {}\n`)
  expect(await until('refused ScaledObject default/x TG_CONFIG_SYNTAX')).toEqual(['problems TG_CONFIG_SYNTAX', 'refused ScaledObject default/x TG_CONFIG_SYNTAX'])
  await writeFile(join(dir, 'a.yaml'), scaledObject('x'))
  expect(await until('applied ScaledObject x 30000')).toEqual(['problems ', 'applied ScaledObject x 30000'])
  await until('mended a.yaml ')
  await writeFile(join(dir, 'a.yaml'), scaledObject('x').replace('cron', '5'))
  expect(await until('refused ScaledObject default/x TG_CONFIG_INVALID')).toHaveLength(1)
})

test('broken settings keep the defaults that were', async () => {
  const { dir, until } = await watching({ 'tidegate.yaml': 'defaults: {nats: {servers: [a]}}\n' })
  expect(await until('synced')).toEqual(['config {"nats":{"servers":["a"]}}', 'synced'])
  await writeFile(join(dir, 'tidegate.yaml'), 'defaults: {nats: {servers: [a]}\n')
  expect(await until('problems TG_CONFIG_SYNTAX')).toEqual(['problems TG_CONFIG_SYNTAX'])
  await writeFile(join(dir, 'tidegate.yaml'), 'defaults: {nats: {servers: [b]}}\n')
  expect(await until('problems ')).toEqual(['config {"nats":{"servers":["b"]}}', 'problems '])
  await until('mended tidegate.yaml defaults changed')
})

test('says what each edit came to, after its objects', async () => {
  const { dir, until } = await watching({ 'a.yaml': `${scaledObject('x')}---\n${secret}`, 'b.yaml': scaledObject('z') })
  expect((await until('synced')).filter(line => line.includes('yaml'))).toEqual([])
  await writeFile(join(dir, 'a.yaml'), `${scaledObject('x', 5)}---\n${scaledObject('y')}`)
  expect((await until('taken a.yaml x changed,y added,s removed')).at(-2)).toBe('workload deleted Secret default/s')
  await rm(join(dir, 'b.yaml'))
  expect(await until('left b.yaml z removed')).toEqual(['deleted ScaledObject default/z', 'left b.yaml z removed'])
})

test('a file that was given and is gone is told, and again when it is back', async () => {
  const dir = await folder({ 'a.yaml': scaledObject('x') })
  const file = join(dir, 'a.yaml')
  const { until } = await watching({}, file)
  await until('synced')
  await rm(file)
  await until('problems TG_REF_NOT_FOUND')
  await writeFile(file, scaledObject('x'))
  const back = await until('mended a.yaml ')
  expect(back).toContain('problems ')
  expect(back.filter(line => line.startsWith('deleted'))).toEqual([])
})

test('stops when it is told to', async () => {
  const { until, stop, done } = await watching({ 'a.yaml': secret })
  await until('synced')
  stop.abort()
  await expect(done).resolves.toBeUndefined()
})

test('what cannot be watched is told, and the rest goes on', async () => {
  const dir = await folder({ 'a.yaml': scaledObject('x') })
  await symlink('loop.yaml', join(dir, 'loop.yaml'))
  const { until } = await watching({}, dir)
  await until('problems TG_CONFIG_SYNTAX,TG_CONFIG_NOT_WATCHED')
  await writeFile(join(dir, 'a.yaml'), scaledObject('x', 5))
  await until('applied ScaledObject x 5000')
})

test('what cannot be watched is looked at by the clock', async () => {
  const told = new Inbox<string>()
  const stop = new AbortController()
  const hurried = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal) }
  const tooLong = `/${'x'.repeat(300)}`
  const done = watchFiles([tooLong, tooLong.slice(1)], { clock: hurried, recursive: false, onSettled: () => told.push('look'), onBlind: () => told.push('blind') }, stop.signal)
  const seen: (string | undefined)[] = []
  while (seen.filter(what => what === 'look').length < 5) seen.push((await told.next()).value as string)
  expect(seen.filter(what => what === 'blind')).toHaveLength(1)
  stop.abort()
  await done
})
