import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { errorMessage } from '../core/errors.js'

/** One process, told apart from a later one with the same number. `identity` holds no blank: a shell reads it as one word. */
export interface ProcessRef { readonly pid: number, readonly identity: string }

/**
 * What a process number stands for now: boot and start time. Undefined: no such process, or only its zombie.
 * Linux: `<boot id>:<field 22 of /proc/PID/stat>`; elsewhere `ps -o lstart`, blanks as underscores.
 * `guard.ts` computes the same word in shell.
 */
export function identityOf (pid: number): string | undefined {
  return process.platform === 'linux' ? identityOnLinux(pid) : identityByPs(pid)
}

/** Whether this very process, not another under its number, is running. */
export const isRunning = (ref: ProcessRef): boolean => identityOf(ref.pid) === ref.identity

/**
 * Whether the group of a process that is gone can still be its own: its number is free and the machine was not started again. Where the boot is not part of
 * the identity nobody can tell, so no.
 */
export const mayHaveLeftGroup = (ref: ProcessRef): boolean =>
  process.platform === 'linux' && ref.identity.startsWith(`${bootId()}:`) && identityOf(ref.pid) === undefined

/** Fields of /proc/PID/stat after the name, which may itself hold blanks and brackets: state is 0, group 2, start time 19. */
function statFields (pid: number | string): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch (thrown) {
    if (isGone(thrown)) return undefined
    throw thrown
  }
}

function identityOnLinux (pid: number): string | undefined {
  const fields = statFields(pid)
  return fields === undefined || isDeadState(fields[0]) ? undefined : `${bootId()}:${fields[19] ?? ''}`
}

function identityByPs (pid: number): string | undefined {
  const line = ps(['-o', 'stat=,lstart=', '-p', String(pid)]).trim()
  const [state, ...started] = line.split(/\s+/)
  return line === '' || isDeadState(state?.[0]) ? undefined : started.join('_')
}

/** Whether a process group has a member that is not a zombie. */
export function groupIsRunning (groupId: number): boolean {
  if (!signalGroup(groupId, 0)) return false
  if (process.platform !== 'linux') {
    return ps(['-A', '-o', 'pgid=,stat=']).split('\n').some(line => {
      const [group, state] = line.trim().split(/\s+/)
      return Number(group) === groupId && !isDeadState(state?.[0])
    })
  }
  // A zombie that its new parent has not buried yet still takes signals, so the signal above proves nothing.
  return readdirSync('/proc').some(entry => {
    const fields = /^\d/.test(entry) ? statFields(entry) : undefined
    return fields !== undefined && Number(fields[2]) === groupId && !isDeadState(fields[0])
  })
}

/** Sends a signal to all members of a group. False: there is none that we may signal. */
export function signalGroup (groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal)
  } catch (thrown) {
    if (isGone(thrown) || errno(thrown) === 'EPERM') return false
    throw new Error(`could not signal process group ${groupId}: ${errorMessage(thrown)}`, { cause: thrown })
  }
}

const isDeadState = (state: string | undefined): boolean => state === 'Z' || state === 'X'
const isGone = (thrown: unknown): boolean => ['ENOENT', 'ESRCH'].includes(errno(thrown) ?? '')
const errno = (thrown: unknown): string | undefined => thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined

let knownBootId: string | undefined
/** Start times count from boot, so without the boot a process number and a tick could mean two processes. */
function bootId (): string {
  return knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

/** Output of `ps`; empty when it names nothing (it ends with 1 then). */
function ps (args: readonly string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'latin1', env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (thrown) {
    if (errno(thrown) === 'ENOENT') throw thrown
    return ''
  }
}
