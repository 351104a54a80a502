import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runToEnd, type Said } from '../servers/run-to-end.js'

let folder: string
let contents: readonly string[]

/** npm as on a machine that never had anything of it and has no network: what is not in the package is not there. */
const npm = (...args: readonly string[]): Promise<Said> => runToEnd('npm', args, { cwd: folder, env: { npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true', npm_config_update_notifier: 'false' } })
const npx = (...args: readonly string[]): Promise<Said> => npm('exec', '--offline', '--', 'tidegate', ...args)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-pack-'))
  // Without scripts: dist is built already, and others run from it now.
  const packed = await runToEnd('npm', ['pack', '--ignore-scripts', '--pack-destination', folder])
  const tarball = join(folder, packed.out.trim())
  contents = (await runToEnd('tar', ['-tzf', tarball])).out.trim().split('\n')
  await writeFile(join(folder, 'package.json'), '{"private": true}')
  expect(await npm('install', '--no-audit', '--no-fund', tarball)).toMatchObject({ code: 0, out: expect.stringContaining('added 1 package') as unknown })
})
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

test('the package installs from nothing but its tarball: no dependencies, no network', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string }
  expect(await npx('--version')).toMatchObject({ code: 0, out: `${version}\n` })
})

test('it has the program, what is deployed and the notices, and neither tests nor sources', () => {
  expect(contents).toEqual(expect.arrayContaining([
    'dist/bin.cjs', 'dist/main.js', 'dist/plugin.js', 'dist/THIRD-PARTY-NOTICES.txt', 'deploy/crds/tidegate.dev.yaml', 'deploy/manifests/kustomization.yaml', 'LICENSE', 'README.md',
  ].map(path => `package/${path}`)))
  expect(contents.filter(path => !/^package\/(dist|deploy)\//.test(path)).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'].map(path => `package/${path}`))
  expect(contents.filter(path => /\.test\.|\/(test|tests|bench|node_modules|fixtures)\/|(?<!\.d)\.ts$/.test(path))).toEqual([])
})

test('crds prints what deploy/crds has', async () => {
  const { out } = await npx('crds')
  expect(await readFile('deploy/crds/tidegate.dev.yaml', 'utf8')).toContain(out)
})

test('lint says what is wrong, and with which exit code', async () => {
  await writeFile(join(folder, 'so.yaml'), 'apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {name: a}\n  triggers: [{type: cron, metadata: {timezone: UTC}}]\n')
  const { code, out } = await npx('lint', 'so.yaml')
  expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/^so\.yaml:6:\d+ error TG_CONFIG_/m) as unknown })
})

test('a plugin finds its surface', async () => {
  await writeFile(join(folder, 'plugin.mjs'), "import { defineScaler } from 'tidegate/plugin'; import * as suites from 'tidegate/plugin/testing'; console.log(typeof defineScaler, typeof suites.scalerSuite)")
  expect(await runToEnd(process.execPath, ['plugin.mjs'], { cwd: folder })).toMatchObject({ code: 0, out: 'function function\n' })
})
