import { parseArgs } from 'node:util'
import { bridge } from './cases/bridge.js'
import { cluster } from './cases/cluster.js'
import { idle } from './cases/idle.js'
import { startup } from './cases/startup.js'
import { pinSelf } from './lib/machine.js'
import { publish, type CaseResult } from './lib/report.js'

interface Options { readonly pairs: number, readonly events: number, readonly seconds: number, readonly count: number, readonly operator: string | undefined, readonly pods: boolean }

const cases: Readonly<Record<string, (options: Options) => Promise<CaseResult>>> = {
  startup,
  idle,
  bridge: options => bridge({ ...options, self: false }),
  cluster,
  self: options => bridge({ ...options, self: true }),
}
/** What runs when nothing is named; `self` measures the yardstick, not the product, and `cluster` takes a control plane and ten minutes. */
const byDefault = ['startup', 'idle', 'bridge']

const usage = `npm run bench [-- CASE... [--pairs 7] [--events 100000] [--seconds 60]
                          [--count 1000] [--pods] [--operator 'COMMAND --kubeconfig {kubeconfig}']]
Cases: startup, idle, bridge (these three unless named), self (the yardstick against itself: how much is noise),
cluster (so many ScaledObjects on a real control plane; the operator is Tidegate's, or the one of that command line).
Prints ratios with their goals and writes bench/results/CASE.json. Exit code 1 when a goal is missed or a case could not run.
A goal is missed when the median exceeds it and at least five of seven pairs do.
`

/** The exit code. */
export async function main (args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '7' }, events: { type: 'string', default: '100000' }, seconds: { type: 'string', default: '60' },
      count: { type: 'string', default: '1000' }, operator: { type: 'string' }, pods: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter(name => cases[name] === undefined)
  if (values.help || unknown.length > 0) {
    process.stdout.write(unknown.length > 0 ? `no such case: ${unknown.join(', ')}\n${usage}` : usage)
    return values.help ? 0 : 2
  }
  const options = { pairs: Number(values.pairs), events: Number(values.events), seconds: Number(values.seconds), count: Number(values.count), operator: values.operator, pods: values.pods }
  if (!pinSelf()) process.stderr.write('taskset is not there: nothing is pinned to a CPU, and the figures are noisier\n')
  let failed = false
  for (const name of positionals.length > 0 ? positionals : byDefault) failed = !await runCase(name, options) || failed
  return failed ? 1 : 0
}

/** False when a goal was missed or the case could not be run. */
async function runCase (name: string, options: Options): Promise<boolean> {
  process.stderr.write(`${name} …\n`)
  try {
    const result = await cases[name]?.(options)
    return result === undefined || !publish(result).includes('missed')
  } catch (error) {
    process.stdout.write(`\n${name}: not measured: ${error instanceof Error ? error.message : String(error)}\n`)
    return false
  }
}
