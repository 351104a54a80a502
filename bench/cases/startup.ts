import { join } from 'node:path'
import { measurePairs, type Pair } from '../lib/pairs.js'
import { cpuUs, reapedCpuUs, tree } from '../lib/proc.js'
import { productCommand, runProduct } from '../lib/product.js'
import type { CaseResult, Finding } from '../lib/report.js'
import { median } from '../lib/stats.js'
import { startSubject } from '../lib/subject.js'

const empty = join(import.meta.dirname, '..', 'subjects', 'empty.mjs')
/** CPU is counted in steps of 10 ms: so many starts make one value. */
const startsPerValue = 5

interface Start { readonly wallMs: number, readonly cpuMs: number }

const cronTrigger = `apiVersion: tidegate.dev/v1alpha1
kind: Trigger
metadata: {name: report}
spec:
  source: {cron: {schedule: "0 3 1 1 *"}}
  function: {name: report}
---
apiVersion: v1
kind: Service
metadata: {name: report}
spec: {selector: {app: report}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: report}
spec:
  replicas: 0
  selector: {matchLabels: {app: report}}
  template:
    metadata: {labels: {app: report}}
    spec: {containers: [{name: report, command: [sleep, "60"], ports: [{containerPort: 8080}]}]}
`

/** `--version` against an empty Node, and `run` with one cron Trigger up to its ready line. Time and CPU: the first is what a person waits for. */
export async function startup ({ pairs }: { readonly pairs: number }): Promise<CaseResult> {
  const version = await measurePairs({ pairs, a: () => wholeStarts(productCommand('--version')), b: () => wholeStarts([process.execPath, empty]) })
  const ready = await measurePairs({ pairs, a: productToReady, b: emptyToReady })
  return {
    name: 'startup',
    title: 'Start-up, tidegate ÷ an empty Node',
    findings: [...findings('--version', version, 1.2), ...findings('run with one cron Trigger to its ready line', ready, 2.5)],
    raw: { version, ready },
  }
}

function findings (what: string, pairs: readonly Pair<Start>[], goal: number): readonly Finding[] {
  const finding = (kind: string, of: (start: Start) => number): Finding => ({
    what: `${what}, ${kind}`,
    unit: 'ratio',
    values: pairs.map(({ a, b }) => of(a) / of(b)),
    goal,
    beside: { 'tidegate ms': median(pairs.map(({ a }) => of(a))), 'empty Node ms': median(pairs.map(({ b }) => of(b))) },
  })
  return [finding('time', start => start.wallMs), finding('CPU', start => start.cpuMs)]
}

/** From spawn to exit, mean of some starts. Nothing else of ours may end meanwhile: its CPU would be counted. */
async function wholeStarts (command: readonly string[]): Promise<Start> {
  const cpuBefore = reapedCpuUs()
  let wallMs = 0
  for (let start = 0; start < startsPerValue; start++) {
    const from = performance.now()
    const code = await startSubject(command).ended
    wallMs += performance.now() - from
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`)
  }
  return { wallMs: wallMs / startsPerValue, cpuMs: (reapedCpuUs() - cpuBefore) / 1000 / startsPerValue }
}

async function productToReady (): Promise<Start> {
  return meanOf(async () => {
    const from = performance.now()
    const running = await runProduct({ 'report.yaml': cronTrigger })
    const wallMs = performance.now() - from
    const cpuMs = tree(running.pid).reduce((sum, pid) => sum + cpuUs(pid), 0) / 1000
    await running.cleanUp()
    return { wallMs, cpuMs }
  })
}

async function emptyToReady (): Promise<Start> {
  return meanOf(async () => {
    const from = performance.now()
    const subject = startSubject([process.execPath, empty, 'stay'])
    await subject.line(line => line === 'ready')
    const wallMs = performance.now() - from
    const cpuMs = cpuUs(subject.pid) / 1000
    await subject.end()
    return { wallMs, cpuMs }
  })
}

async function meanOf (measure: () => Promise<Start>): Promise<Start> {
  let wallMs = 0
  let cpuMs = 0
  for (let start = 0; start < startsPerValue; start++) {
    const one = await measure()
    wallMs += one.wallMs / startsPerValue
    cpuMs += one.cpuMs / startsPerValue
  }
  return { wallMs, cpuMs }
}
