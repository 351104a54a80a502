import { readFileSync, readdirSync } from 'node:fs'

/** One clock tick of /proc/PID/stat; 100 Hz on every Linux that Node runs on. */
const tickUs = 10_000

interface Stat { readonly pid: number, readonly name: string, readonly parent: number, readonly cpuUs: number, readonly reapedCpuUs: number }

function statOf (pid: number | string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const open = text.indexOf('(')
    const close = text.lastIndexOf(')') // a name may hold brackets itself
    const fields = text.slice(close + 2).split(' ').map(Number)
    const field = (oneBased: number): number => fields[oneBased - 3] ?? NaN
    return {
      pid: Number(text.slice(0, open)), name: text.slice(open + 1, close), parent: field(4),
      cpuUs: (field(14) + field(15)) * tickUs, reapedCpuUs: (field(16) + field(17)) * tickUs,
    }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')

/** User and system time of one process, all threads, in steps of 10 ms. 0 when it is gone. */
export const cpuUs = (pid: number): number => statOf(pid)?.cpuUs ?? 0

/** CPU of all children of this process that have ended and were waited for. */
export const reapedCpuUs = (): number => statOf('self')?.reapedCpuUs ?? NaN

/** A process and all that descends from it, without what runs under one of the names left out (and its descendants). */
export function tree (root: number, without: readonly string[] = []): readonly number[] {
  const all = readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => statOf(name) ?? [])
  const descend = (pid: number): number[] =>
    [pid, ...all.filter(stat => stat.parent === pid && !without.includes(stat.name)).flatMap(stat => descend(stat.pid))]
  return descend(root)
}

/** A descendant of a process whose program's name begins so; Linux keeps 15 letters of a name. */
export function descendantNamed (name: string, root: number): number | undefined {
  return tree(root).find(pid => statOf(pid)?.name.startsWith(name))
}

/** Resident memory in MB. 0 when the process is gone. */
export const rssMb = (pid: number): number => memoryMb(pid, /^VmRSS:\s+(\d+) kB$/m)

/** The most resident memory that it ever had, MB. 0 when the process is gone. */
export const peakRssMb = (pid: number): number => memoryMb(pid, /^VmHWM:\s+(\d+) kB$/m)

function memoryMb (pid: number, line: RegExp): number {
  try {
    const [, kb] = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kb ?? 0) / 1024
  } catch (error) {
    if (isGone(error)) return 0
    throw error
  }
}

/** Share of the last ten seconds in which something waited for a CPU, percent; undefined where the kernel does not say. */
export function cpuPressure (): number | undefined {
  try {
    const [, avg10] = /^some avg10=([\d.]+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8')) ?? []
    return avg10 === undefined ? undefined : Number(avg10)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}
