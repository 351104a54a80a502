// `npm test [path…]`: builds when dist is old, has the servers in place, runs every test and ends in a line `N passed, N failed`.
// What a missing server would have run is named; with CI=true it counts as failed.
import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'
import { createVitest } from 'vitest/node'
import { loadTs, reachedBy, root } from './load-ts.mjs'

const built = spawnSync(process.execPath, ['tools/build.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' })
if (built.status !== 0) finish({ passed: 0, failed: 1 })

const vitest = await createVitest('test', { root, watch: false })
await vitest.standalone()
const found = await vitest.globTestSpecifications(process.argv.slice(2))
const { runnable, notRun } = await sortOut(found)
const counts = await run(runnable)
await vitest.close()

for (const { text, files } of notRun) console.log(`\n${text}\n  not run: ${files.join(', ')}`)
const missed = process.env.CI === 'true' ? notRun.flatMap(({ files }) => files).length : 0
finish({ ...counts, failed: counts.failed + missed })

/** Parts the tests into those that can run here and those whose servers cannot be had. */
async function sortOut (specifications) {
  const pathOf = ({ moduleId }) => relative(root, moduleId)
  const integration = specifications.filter(({ project }) => project.name === 'integration')
  if (integration.length === 0) return { runnable: specifications, notRun: [] }
  const { ensureServers, describeMissing, servers } = await loadTs('test/servers/index.ts')
  const reached = await reachedBy(integration.map(pathOf))
  const needs = (specification, { name }) => reached.get(pathOf(specification))?.includes(`test/servers/${name}.ts`) === true
  const needed = Object.keys(servers).filter(name => integration.some(specification => needs(specification, { name })))
  console.log(`servers for the tests: ${needed.map(name => servers[name].title).join(', ')} (installed once, then kept)`)
  process.env.TIDEGATE_TEST_SERVERS = needed.join(',')
  const missing = await ensureServers(needed)
  return {
    runnable: specifications.filter(specification => !missing.some(server => needs(specification, server))),
    notRun: missing.map(server => ({ text: describeMissing(server), files: integration.filter(s => needs(s, server)).map(pathOf) })),
  }
}

/** A file that cannot be loaded and an error outside of any test count as one failed test each. */
async function run (specifications) {
  if (specifications.length === 0) return { passed: 0, failed: 0 }
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, true)
  const tests = testModules.flatMap(testModule => [...testModule.children.allTests()])
  const inState = state => tests.filter(test => test.result().state === state).length
  const broken = testModules.filter(testModule => testModule.errors().length > 0).length
  return { passed: inState('passed'), failed: inState('failed') + broken + unhandledErrors.length }
}

/** Nothing run is a failure too. */
function finish ({ passed, failed }) {
  console.log(`\n${passed} passed, ${failed} failed`)
  process.exit(failed > 0 || passed === 0 ? 1 : 0)
}
