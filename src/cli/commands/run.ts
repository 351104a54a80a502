import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '../../core/errors.js'
import { metricCatalogue } from '../../core/metrics.js'
import { belowHome, stateFolderOf } from '../../local/index.js'
import type { Log } from '../../runtime/ports.js'
import type { HttpServer } from '../../telemetry/http-server.js'
import { logger } from '../../telemetry/logger.js'
import { metrics, type Metrics } from '../../telemetry/metrics.js'
import { liveView } from '../../ui/live-view.js'
import { recentEvents } from '../../ui/recent-events.js'
import { plainSummary } from '../../ui/summary.js'
import { terminalAbilities } from '../../ui/terminal.js'
import { builtins } from '../builtins.js'
import { systemClock } from '../clock.js'
import { decisionFile } from '../decision-file.js'
import { eachOf, loggedEvents } from '../events.js'
import type { ExitCode, Output, RunOptions } from '../command.js'
import { lineFile } from '../line-file.js'
import { levelOf } from '../log-level.js'
import { ProblemBoard } from '../problem-board.js'
import { StatusBoard } from '../status-board.js'
import { statusServer } from '../status-server.js'
import { untilStopped } from '../until-stopped.js'
import { localSystem } from '../wiring.js'

/** Runs manifests on this machine until it is told to stop. */
export async function run (options: RunOptions, output: Output): Promise<ExitCode> {
  const stopped = untilStopped()
  const stateDir = options.stateDir ?? stateFolderOf(options.filename[0] ?? '.', process.env)
  const terminal = terminalAbilities(process.stdout, process.env)
  const live = terminal.live && options.tui
  const log = await openLog(options, stateDir, live ? output : undefined)
  const events = recentEvents({ clock: systemClock })
  const status = new StatusBoard()
  const problems = new ProblemBoard()
  const telemetry = metrics(metricCatalogue)
  const decisions = options.record === undefined ? undefined : await decisionFile(options.record, log)
  const system = localSystem({
    paths: options.filename, recursive: options.recursive, stateDir, fresh: options.fresh, strict: options.strict, registry: builtins,
    clock: systemClock, log, events: eachOf(events, loggedEvents(log)), telemetry, status, problems,
    decisions: decisions ?? { record: () => undefined }, environment: process.env, filepathAuthRootPath: options.filepathAuthRootPath,
  })
  const phase = { isReady: false }
  // A port that was asked for is opened first, so that one that is taken is said at once; a free one is nobody's concern before the work.
  const serve = (): Promise<Endpoints> => openServer(options, { telemetry, status, phase, stuck: () => system.stuck() })
  let server = options.port === undefined ? undefined : await serve()
  const view = live
    ? liveView({
      out: process.stdout, clock: systemClock, colors: terminal.colors, statuses: () => status.all(), events: () => events.lines(),
      problems: () => problems.all(), about: () => [...(server === undefined ? [] : [server.address]), `state in ${belowHome(stateDir, process.env)}`],
    })
    : undefined
  try {
    const began = await Promise.race([system.start().then(() => 'started' as const), stopped])
    if (began === 'started') {
      phase.isReady = true
      log.info({ objects: status.all().length, ...(server === undefined ? {} : { address: server.address }), state: stateDir }, 'ready')
      if (server === undefined) {
        server = await serve()
        log.info({ address: server.address }, 'listening')
      }
      view?.start()
      const signal = await stopped
      phase.isReady = false
      log.info({ signal }, stopping)
      events.emit({ apiVersion: '', kind: 'Run', namespace: '', name: 'tidegate' }, { type: 'Normal', reason: 'Stopping', note: stopping })
    }
  } finally {
    await system.stop()
    view?.stop()
    await server?.http.stop()
    await decisions?.close()
  }
  const summary = plainSummary(status.all())
  if (live && summary !== '') output.out(summary)
  log.info({}, 'stopped')
  return 0
}

const stopping = 'stopping: what is in flight may finish within drain.timeout of its Trigger (30 s unless given), then the replicas end; Ctrl-C again ends at once'

/** Log lines go to stdout; beside a live view, which has the terminal, into a file of the state folder. `besideView` hears when that fails. */
async function openLog ({ logLevel }: RunOptions, stateDir: string, besideView: Output | undefined): Promise<Log> {
  const level = levelOf(logLevel)
  if (besideView === undefined) return logger({ level, destination: process.stdout })
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, 'tidegate.log')
  const onFailed = (error: unknown): void => besideView.error(`warning: no more log lines are written to ${path}: ${errorMessage(error)}`)
  return logger({ level, destination: await lineFile(path, 'the log to', { mode: 0o600, onFailed }) })
}

interface Served { readonly telemetry: Metrics, readonly status: StatusBoard, readonly phase: { isReady: boolean }, readonly stuck: () => readonly string[] }

interface Endpoints { readonly http: HttpServer, readonly address: string }

async function openServer ({ host, port = 0 }: RunOptions, { telemetry, status, phase, stuck }: Served): Promise<Endpoints> {
  const http = statusServer(status, { host, port, metrics: telemetry, stuck, ready: () => phase.isReady ? [] : ['starting or draining'] }, process.env)
  const bound = await http.start()
  return { http, address: `http://${bound.host}:${bound.port}` }
}
