import { execFileSync, spawnSync } from 'node:child_process'
import { cpus, release } from 'node:os'

/** The subject has CPU 0 to itself; this program and all servers it starts share CPU 1. */
const subjectCpu = '0'
const othersCpu = '1'

const canPin = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0

/** Moves this process to the servers' CPU; what it starts from now on inherits that. False: nothing is pinned on this machine. */
export function pinSelf (): boolean {
  if (canPin) execFileSync('taskset', ['-a', '-cp', othersCpu, String(process.pid)], { stdio: 'ignore' })
  return canPin
}

/** Back to every CPU: for a case in which the servers need more than one. */
export function unpinSelf (): void {
  if (canPin) execFileSync('taskset', ['-a', '-cp', `0-${cpus().length - 1}`, String(process.pid)], { stdio: 'ignore' })
}

/** The command line that runs a program on the subject's CPU. */
export const onSubjectCpu = (command: readonly string[]): readonly string[] => canPin ? ['taskset', '-c', subjectCpu, ...command] : command

/** The same for what a subject starts itself and is no part of it. */
export const onOthersCpu = (command: readonly string[]): readonly string[] => canPin ? ['taskset', '-c', othersCpu, ...command] : command

/** What a result must be read with. */
export function describeMachine (): Readonly<Record<string, string | number | boolean>> {
  return { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, pinned: canPin, kernel: release(), node: process.version }
}
