// `node bench/wake.mjs [WAKES]`: how long an event waits for a function that sleeps, and where the time goes. For each source the function is woken
// so many times (100) and goes back to zero in between. Goal: 150 ms beside the function's own start (spawn to its first successful probe), p99.
// Exit code 1 when it is missed.
import { register } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'nats'

register('./lib/typescript-hooks.mjs', import.meta.url)
const { runProduct } = await import('./lib/product.ts')
const { natsServer } = await import('../test/servers/nats.ts')

const wakes = Number(process.argv[2] ?? 100)
const goalMs = 150
const parts = ['notice', 'decide', 'start', 'ready', 'deliver']
/** After the replica was told to end: long enough for what that brings about, and not in step with any interval of Tidegate. */
const pauseMs = () => 200 + Math.random() * 400

const server = await natsServer()
const connection = await connect({ servers: server.url })
await (await connection.jetstreamManager()).streams.add({ name: 'WAKE', subjects: ['wake.stored'] })
const stream = connection.jetstream()
const sources = [
  ['a JetStream event', `natsJetstream: {servers: ["${server.url}"], subject: wake.stored}`, () => stream.publish('wake.stored', 'x')],
  ['a core NATS event', `nats: {servers: ["${server.url}"], subject: wake.plain}`, () => connection.publish('wake.plain', 'x')],
]
try {
  for (const [title, source, publish] of sources) report(title, await measure(source, publish))
} finally {
  await connection.close()
  await server.stop()
}

/** The splits of all wakes. */
async function measure (source, publish) {
  const product = await runProduct({ 'wake.yaml': manifests(source) })
  try {
    const splits = []
    await sleep(2000) // the subscription is there by then
    for (let i = 0; i < wakes; i++) {
      const last = splits.at(-1)?.at ?? 0
      await publish()
      const woken = JSON.parse(await product.line(line => line.includes('"msg":"woken"') && JSON.parse(line).at > last))
      splits.push(woken)
      await product.line(line => line.includes('"to":0,') && Date.parse(JSON.parse(line).time) >= Date.parse(woken.time))
      await sleep(pauseMs())
    }
    return splits
  } finally {
    await product.cleanUp()
  }
}

function report (title, splits) {
  const beside = splits.map(split => split.totalMs - split.readyMs)
  const [middle, high] = [quantile(beside, 0.5), quantile(beside, 0.99)]
  const met = high <= goalMs
  if (!met) process.exitCode = 1
  const row = (name, values) => `  ${name.padEnd(22)}${[0.5, 0.9, 0.99, 1].map(q => String(quantile(values, q)).padStart(7)).join('')}`
  console.log([
    `\n${title} wakes a function, ${splits.length} times: ${middle} ms beside its own start, p99 ${high} ms; goal p99 ≤ ${goalMs} ms: ${met ? 'met' : 'missed'}`,
    `  ${'ms'.padEnd(22)}    p50    p90    p99    max`,
    ...parts.map(part => row(part === 'ready' ? 'ready (its own start)' : part, splits.map(split => split[`${part}Ms`]))),
    row('total', splits.map(split => split.totalMs)),
    row('total without ready', beside),
    `  the first wake, with all that is loaded once: ${beside[0]} ms`,
  ].join('\n'))
}

function quantile (values, q) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

function manifests (source) {
  return `apiVersion: tidegate.dev/v1alpha1
kind: Trigger
metadata: {name: sleeper}
spec:
  source: {${source}}
  function: {name: sleeper}
  scale: {cooldown: 100ms, pollingInterval: 300ms}
---
apiVersion: v1
kind: Service
metadata: {name: sleeper}
spec: {selector: {app: sleeper}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleeper}
spec:
  replicas: 0
  selector: {matchLabels: {app: sleeper}}
  template:
    metadata: {labels: {app: sleeper}}
    spec:
      containers:
        - name: sleeper
          command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(join(import.meta.dirname, 'subjects', 'function.mjs'))}]
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}}
`
}
