import { spawn } from 'node:child_process'
import { closeSync, existsSync } from 'node:fs'
import type { Clock } from '../core/clock.js'
import { openLog } from './log-file.js'
import { groupIsRunning, identityOf, isRunning, signalGroup, type ProcessRef } from './process-identity.js'

/** What is started: a command, not a shell line. `env` is the whole environment. */
export interface Launch {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly log: string
  /** It reads a line from its input before it does anything: `release` writes it. Without one its input ends, and it knows that nobody follows it. */
  readonly isHeld?: boolean
}

/** How a process ended: `exit code 1`, `signal SIGKILL`; of one that is not our child nobody can say. */
export type ProcessEnd = string

/** The first process of a group of its own. `ended` resolves when it is gone, whatever became of the rest of its group. */
export interface Leader {
  readonly ref: ProcessRef
  readonly ended: Promise<ProcessEnd>
  /** Of one that is held. */
  readonly release?: () => void
}

/**
 * Starts a process as leader of a new session and group, its output going straight to its log.
 * The other result says in words why it could not be started.
 */
export function launch (what: Launch): Leader | { readonly failure: string } {
  const [command, ...args] = what.command
  if (command === undefined) return { failure: 'its command is empty' }
  if (!existsSync(what.cwd)) return { failure: `its working folder ${what.cwd} does not exist` }
  const log = openLog(what.log)
  try {
    const child = spawn(command, args, { cwd: what.cwd, env: what.env, detached: true, stdio: [what.isHeld === true ? 'pipe' : 'ignore', log, log] })
    child.unref()
    child.stdin?.on('error', () => undefined) // one that ended before it was released; `exit` tells
    const ended = new Promise<ProcessEnd>(resolve => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`))
      child.once('error', () => undefined) // told by the missing pid
    })
    const { pid } = child
    if (pid === undefined) return { failure: `there is no command "${command}" that can be run` }
    // Not buried before `exit` is told, so the process is there to be identified, or its zombie: then it is as good as ended.
    return { ref: { pid, identity: identityOf(pid) ?? 'ended' }, ended, release: () => { child.stdin?.end('go\n') } }
  } finally {
    closeSync(log)
  }
}

/** How often a process that is not our child is looked at; a look costs some 20 µs. */
const adoptedLookMs = 250

/** Follows a process that an earlier Tidegate started, until the signal aborts. */
export function adopt (ref: ProcessRef, clock: Clock, signal: AbortSignal): Leader {
  return {
    ref,
    ended: new Promise(resolve => {
      const look = (): void => {
        if (signal.aborted) return
        if (!isRunning(ref)) return resolve('an end that nobody saw')
        const takeBack = clock.after(adoptedLookMs, () => {
          signal.removeEventListener('abort', takeBack)
          look()
        })
        signal.addEventListener('abort', takeBack, { once: true })
      }
      look()
    }),
  }
}

/** How often a group is looked at while it is being ended. */
const endingLookMs = 20

/**
 * Ends a group: SIGTERM to all of it, SIGKILL to what is left after the grace. Resolves when nobody of it runs.
 * A leader that is another process by now is not signalled; its group is, as long as it has members: a group's number is not given out again before.
 */
export async function endGroup (leader: Leader, graceMs: number, clock: Clock): Promise<void> {
  const { pid } = leader.ref
  if (isSomebodyElse(leader.ref)) return
  const killAt = clock.monotonic() + graceMs
  signalGroup(pid, 'SIGTERM')
  const grace = new AbortController()
  await Promise.race([leader.ended, clock.sleep(graceMs, grace.signal)])
  grace.abort()
  while (groupIsRunning(pid) && clock.monotonic() < killAt) await clock.sleep(endingLookMs)
  await killGroup(leader, clock)
}

/** SIGKILL to what is left of a group, and waits until it is gone. Without effect on a group that is gone already. */
export async function killGroup (leader: Leader, clock: Clock): Promise<void> {
  const { pid } = leader.ref
  if (isSomebodyElse(leader.ref)) return
  while (groupIsRunning(pid)) {
    signalGroup(pid, 'SIGKILL')
    await clock.sleep(endingLookMs)
  }
}

const isSomebodyElse = (ref: ProcessRef): boolean => {
  const now = identityOf(ref.pid)
  return now !== undefined && now !== ref.identity
}
