import { setTimeout as sleep } from 'node:timers/promises'
import { askedBy, isScale, timeOf, type Asked } from '../cluster/asked.js'
import { costOver, shareOver, treeUs, type Cost } from '../cluster/cost.js'
import { eachOf } from '../cluster/each.js'
import { workerName } from '../cluster/objects.js'
import { type Operator, operatorFor } from '../cluster/operator.js'
import { makeWorld, type World } from '../cluster/world.js'
import { unpinSelf } from '../lib/machine.js'
import { peakRssMb } from '../lib/proc.js'
import type { CaseResult, Finding } from '../lib/report.js'
import type { Subject } from '../lib/subject.js'

export interface ClusterOptions { readonly count: number, readonly seconds: number, readonly operator: string | undefined, readonly pods: boolean }

/** From the last status to the idle minute: what is written once a minute is written by then, and two looks have passed. */
const settleMs = 75_000
/** What a broker with thousands of streams spends while nobody asks is no work of an operator's: it is measured before one starts. */
const brokerSettleMs = 5_000
const brokerSeconds = 30
/** For what nothing bounds from outside; a slow operator is measured too. */
const patienceSeconds = 900
const wakePatienceMs = 180_000

/** A KEDA user's cluster on a real control plane: N ScaledObjects on JetStream consumers, each with a stream of its own. */
export async function cluster ({ count, seconds, operator: command, pods }: ClusterOptions): Promise<CaseResult> {
  unpinSelf() // the API server is no part of what is measured, and needs what there is
  const world = await makeWorld(count, pods)
  try {
    const operator = await operatorFor(world.kube, command)
    await sleep(brokerSettleMs)
    const brokerAlone = await shareOver(brokerSeconds, world.streams.pid)
    const subject = await operator.start()
    try {
      return await measure({ world, operator, subject, count, seconds, brokerAlone })
    } finally {
      await subject.end()
    }
  } finally {
    await world.stop()
  }
}

interface Measured { readonly world: World, readonly operator: Operator, readonly subject: Subject, readonly count: number, readonly seconds: number, readonly brokerAlone: number }

async function measure (parts: Measured): Promise<CaseResult> {
  const say = (text: string): void => { process.stderr.write(`  ${text}\n`) }
  const ready = await becomeReady(parts)
  say(`all Ready after ${ready.afterSeconds.toFixed(1)} s`)
  await sleep(settleMs)
  const idle = await idleMinute(parts)
  say(`idle: ${idle.cost.operatorShare.toFixed(2)} %, broker ${idle.cost.brokerShare.toFixed(2)} % (alone ${parts.brokerAlone.toFixed(2)} %), ${idle.cost.operatorMb.toFixed(0)} MB`)
  const rise = await riseToHundred(parts)
  say(`0 to 100 in ${rise.writes} writes`)
  const wakes = await wakeAll(parts)
  say(`${parts.count} wakes in ${wakes.spanSeconds.toFixed(1)} s`)
  const busy = await beBusy(parts)
  say(`busy: ${busy.writesPerMinute.toFixed(2)} writes an object and minute`)
  const gone = await cleanUp(parts)
  const peakMb = peakRssMb(parts.subject.pid)
  return {
    name: 'cluster',
    title: `${parts.count} ScaledObjects (nats-jetstream, one stream and one durable each, pollingInterval 30) on a real control plane`,
    findings: [
      { what: 'all Ready after the last is applied', unit: 's', values: [ready.afterSeconds], goal: 15, beside: { 'applying took s': ready.applySeconds, 'CPU s': ready.cpuSeconds } },
      { what: 'idle: share of a core', unit: '%', values: [idle.cost.operatorShare], goal: 2, beside: {} },
      { what: 'idle: share of a core that the broker spends on being asked', unit: '%', values: [Math.max(0, idle.cost.brokerShare - parts.brokerAlone)], goal: 0.37, beside: { 'alone %': parts.brokerAlone } },
      { what: 'idle: resident memory', unit: 'MB', values: [idle.cost.operatorMb], goal: 160, beside: { 'most ever MB': peakMb } },
      { what: 'idle: API writes beside the lease', unit: '/min', values: [idle.writesPerMinute], goal: 0, beside: idle.asked.byKind },
      { what: 'idle: API reads an object', unit: '/min', values: [idle.readsPerMinute], goal: 1, beside: {} },
      { what: 'one object 0 to 100', unit: 'writes', values: [rise.writes], goal: 1, beside: { 'from the events on s': rise.afterSeconds } },
      { what: 'all wake at once: first to last write', unit: 's', values: [wakes.spanSeconds], goal: 10, beside: { 'from the events on: p50 s': wakes.p50, 'p99 s': wakes.p99, 'CPU s': wakes.cpuSeconds, written: wakes.written } },
      { what: `${busy.objects} busy: API writes an object beside /scale`, unit: '/min', values: [busy.writesPerMinute], goal: 2, beside: { '/scale': busy.asked.scaleWrites, ...busy.asked.byKind } },
      { what: 'all gone after deletion', unit: 's', values: [gone], goal: 15, beside: {} },
    ] satisfies readonly Finding[],
    raw: { ready, idle, rise, wakes, busy, gone, peakMb },
  }
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000

async function becomeReady ({ world, subject, count }: Measured): Promise<{ readonly applySeconds: number, readonly afterSeconds: number, readonly cpuSeconds: number }> {
  const cpuBefore = treeUs(subject.pid)
  const began = performance.now()
  await world.applyScaledObjects()
  const applySeconds = secondsSince(began)
  const applied = performance.now()
  await world.scaledObjects.until(now => now.ready === count, patienceSeconds)
  return { applySeconds, afterSeconds: secondsSince(applied), cpuSeconds: (treeUs(subject.pid) - cpuBefore) / 1e6 }
}

interface Idle { readonly cost: Cost, readonly asked: Asked, readonly writesPerMinute: number, readonly readsPerMinute: number }

async function idleMinute ({ world, operator, subject, count, seconds }: Measured): Promise<Idle> {
  const from = Date.now()
  const cost = await costOver(seconds, subject.pid, world.streams.pid)
  const asked = askedBy(operator.user, await world.auditSince(from))
  const minutes = cost.seconds / 60
  return { cost, asked, writesPerMinute: asked.writes / minutes, readsPerMinute: asked.reads / minutes / count }
}

/** Writes of the count, by whomever: a KEDA operator leaves the rest to the autoscaler of the cluster. */
async function riseToHundred ({ world }: Measured): Promise<{ readonly writes: number, readonly afterSeconds: number }> {
  const from = Date.now()
  await world.streams.publish(0, 1000)
  const began = performance.now()
  await world.replicas(0, 100)
  const afterSeconds = secondsSince(began)
  return { writes: (await world.auditSince(from)).filter(isScale).length, afterSeconds }
}

interface Wakes { readonly written: number, readonly spanSeconds: number, readonly p50: number, readonly p99: number, readonly cpuSeconds: number }

async function wakeAll ({ world, subject, count }: Measured): Promise<Wakes> {
  const cpuBefore = treeUs(subject.pid)
  await eachOf(count - 1, 256, index => world.streams.publish(index + 1, 1))
  const from = Date.now()
  const first = new Map<string, number>()
  while (first.size < count - 1 && Date.now() - from < wakePatienceMs) {
    await sleep(5000)
    for (const entry of (await world.auditSince(from)).filter(isScale)) if (!first.has(entry.name)) first.set(entry.name, timeOf(entry))
  }
  const after = [...first.values()].map(at => (at - from) / 1000).sort((a, b) => a - b)
  const at = (quantile: number): number => after[Math.max(0, Math.ceil(quantile * after.length) - 1)] ?? NaN
  return { written: first.size, spanSeconds: at(1) - at(0), p50: at(0.5), p99: at(0.99), cpuSeconds: (treeUs(subject.pid) - cpuBefore) / 1e6 }
}

const busyBacklogs = [15, 40, 25, 35, 5, 30]
const busyStepMs = 10_000

/** Backlogs that move all the time between one and four replicas; a minute passes before it is counted. */
async function beBusy ({ world, operator, count }: Measured): Promise<{ readonly objects: number, readonly writesPerMinute: number, readonly asked: Asked }> {
  const objects = Math.max(1, Math.floor(count / 5))
  const stopping = new AbortController()
  const moving = moveBacklogs(world, objects, stopping.signal)
  await sleep(60_000)
  const from = Date.now()
  await sleep(60_000)
  const isBusy = new Set(Array.from({ length: objects }, (_, index) => workerName(index + 1)))
  const asked = askedBy(operator.user, (await world.auditSince(from)).filter(({ name }) => isBusy.has(name.split('.')[0] ?? ''))) // an event's name goes on after its object's
  stopping.abort()
  await moving
  return { objects, writesPerMinute: (asked.writes - asked.scaleWrites) / objects, asked }
}

async function moveBacklogs (world: World, objects: number, signal: AbortSignal): Promise<void> {
  for (let step = 0; !signal.aborted; step++) {
    await eachOf(objects, 32, async index => {
      await world.streams.purge(index + 1)
      await world.streams.publish(index + 1, busyBacklogs[(step + index) % busyBacklogs.length] ?? 0)
    })
    await sleep(busyStepMs, undefined, { signal }).catch(() => undefined) // it was told to end
  }
}

async function cleanUp ({ world }: Measured): Promise<number> {
  await world.deleteScaledObjects()
  const began = performance.now()
  await world.scaledObjects.until(now => now.present === 0, patienceSeconds)
  return secondsSince(began)
}
