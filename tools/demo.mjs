// `npm run demo`: the thumbnails example on this machine, with everything embedded. On a terminal the run's live view stays until Ctrl-C, with a line below it that says how far the story is;
// without one, or with --once, it ends when the story is over. Exit 0 only if the whole story happened.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureAzurite } from '../test/servers/azurite/install.mjs'
import { Story } from './demo-story.mjs'
import { root } from './load-ts.mjs'

const limitMs = 60_000
const drainMs = 15_000
const example = join(root, 'examples/thumbnails')
const data = join(example, 'data')
const log = join(data, 'tidegate.log')
const hasTerminal = process.stdout.isTTY === true
const endsByItself = !hasTerminal || process.argv.includes('--once')
// As `run` decides whether it repaints: only then is the line below its last one free.
const hasView = hasTerminal && process.env.TERM !== 'dumb' && (process.env.CI ?? '') === ''

await prepare()
const port = await freePort()
const story = new Story(data)
const run = start()
const ended = new AbortController()
run.once('exit', () => ended.abort())
const interrupted = new AbortController()
process.on('SIGINT', () => interrupted.abort()) // a terminal sends Ctrl-C to the run as well, and the run drains; the summary comes after it
process.on('SIGTERM', () => run.kill('SIGTERM'))

await follow()
run.kill('SIGTERM')
const hasEnded = await untilEnded()
console.log(['', ...(hasTerminal ? story.lines : []), story.outcome({ isInterrupted: interrupted.signal.aborted }), '', story.isTold && hasEnded ? next() : whatRunSaid()].join('\n'))
process.exit(story.isTold && hasEnded ? 0 : 1)

/** Builds and installs what is not there yet, each with its own progress. */
async function prepare () {
  must(spawnSync(process.execPath, ['tools/build.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' }), 'the build')
  if (modified(join(example, 'node_modules/.package-lock.json')) < modified(join(example, 'package-lock.json'))) {
    console.log('installing the packages of examples/thumbnails: sharp, @azure/storage-queue')
    must(spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: example, stdio: 'inherit' }), 'npm ci')
  }
  await ensureAzurite({ env: { ...process.env, XDG_CACHE_HOME: '' } }) // k8s/azurite.yaml looks for it below ~/.cache
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { recursive: true })
}

function start () {
  const args = ['run', '-f', 'examples/thumbnails/k8s', '--port', String(port), '--fresh']
  console.log(`tidegate ${args.join(' ')}\nstatus and metrics: http://127.0.0.1:${port}/status and /metrics; the first seconds show TG_SOURCE_UNREACHABLE, until the storage emulator has started`)
  const output = hasTerminal ? 'inherit' : openSync(log, 'a')
  return spawn(process.execPath, ['dist/bin.cjs', ...args], { cwd: root, stdio: [hasTerminal ? 'inherit' : 'ignore', output, output] })
}

/** Until the story is told, the time is over or the run has ended; on a terminal, until the run is ended by hand. */
async function follow () {
  const giveUpAt = performance.now() + limitMs
  while (!ended.signal.aborted && !(endsByItself && (story.isTold || performance.now() > giveUpAt))) {
    const news = story.look(await statuses())
    if (!hasTerminal) for (const line of news) console.log(line)
    if (hasView) showProgress()
    await sleep(100, undefined, { signal: ended.signal }).catch(() => undefined)
  }
}

/** Below the live view, whose cursor rests there; every repaint wipes it, and the next look writes it again. */
function showProgress () {
  const text = interrupted.signal.aborted ? '' : story.progress.slice(0, process.stdout.columns - 1)
  process.stdout.write(`${text}\x1b[K\r`)
}

/** The run's own account; empty until it listens. */
async function statuses () {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(1000) })
    return answer.ok ? await answer.json() : []
  } catch {
    return []
  }
}

/** Whether the run ends when it is told to; one that does not is killed, and its guard ends the replicas. */
async function untilEnded () {
  if (ended.signal.aborted) return true
  const inTime = await Promise.race([once(ended.signal, 'abort').then(() => true), sleep(drainMs, false)])
  if (inTime) return true
  console.error(`the run did not end within ${drainMs / 1000} s of SIGTERM`)
  run.kill('SIGKILL')
  return false
}

function next () {
  return [
    'look at next:',
    '  examples/thumbnails/data/thumbnails  what was made',
    '  examples/thumbnails/k8s              what made it: ordinary manifests, KEDA\'s ScaledObject word for word',
    '  examples/todo-audit                  a JetStream event wakes a function of five lines',
    '  npx tidegate kinds ScaledObject      every field and its default; scalers azure-queue: those of its trigger',
  ].join('\n')
}

function whatRunSaid () {
  return hasTerminal ? '' : `the last lines of the run:\n${readFileSync(log, 'utf8').trimEnd().split('\n').slice(-20).join('\n')}`
}

function must ({ status, error }, what) {
  if (status === 0) return
  console.error(`${what} failed${error === undefined ? '' : `: ${error.message}`}`)
  process.exit(1)
}

function modified (path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function freePort () {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
