import { setTimeout as sleep } from 'node:timers/promises'
import { cpuUs, rssMb, tree } from '../lib/proc.js'

/** Shares of one core over a time, percent, and memory at its end, MB. */
export interface Cost { readonly operatorShare: number, readonly brokerShare: number, readonly operatorMb: number, readonly seconds: number }

/** What it costs that so many seconds pass. */
export async function costOver (seconds: number, operatorPid: number, brokerPid: number | undefined): Promise<Cost> {
  const began = performance.now()
  const [operator, broker] = [treeUs(operatorPid), brokerPid === undefined ? NaN : cpuUs(brokerPid)]
  await sleep(seconds * 1000)
  const elapsedUs = (performance.now() - began) * 1000
  const share = (before: number, now: number): number => (now - before) / elapsedUs * 100
  return {
    operatorShare: share(operator, treeUs(operatorPid)), brokerShare: brokerPid === undefined ? NaN : share(broker, cpuUs(brokerPid)),
    operatorMb: tree(operatorPid).reduce((sum, pid) => sum + rssMb(pid), 0), seconds: elapsedUs / 1e6,
  }
}

/** Share of one core that one process takes over so many seconds, percent. */
export async function shareOver (seconds: number, pid: number | undefined): Promise<number> {
  if (pid === undefined) return NaN
  const [began, before] = [performance.now(), cpuUs(pid)]
  await sleep(seconds * 1000)
  return (cpuUs(pid) - before) / ((performance.now() - began) * 1000) * 100
}

/** CPU so far of a process and all below it, µs. */
export const treeUs = (pid: number): number => tree(pid).reduce((sum, each) => sum + cpuUs(each), 0)
