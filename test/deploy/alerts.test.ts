import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metricCatalogue } from '../../src/core/metrics.js'
import { promtool } from '../servers/promtool.js'
import { unknownIn } from './promql.js'

interface Rule { readonly alert: string, readonly expr: string, readonly labels: { readonly severity: string }, readonly annotations: Readonly<Record<'summary' | 'description', string>> }

/** A series a minute: `1x30` is thirty more times 1, `0+5x30` grows by 5 each. */
type Series = Readonly<Record<string, string>>
interface Story { readonly sick: Series, readonly alsoSick?: Series, readonly well: Series, readonly labels?: Readonly<Record<string, string>> }

const so = 'namespace="shop",scaled_object="orders"'
const trigger = 'namespace="shop",trigger="audit",type="nats-jetstream"'
const of = { namespace: 'shop', trigger: 'audit', type: 'nats-jetstream' }
const reads = (outcome: string): string => `tidegate_scaler_reads_total{${so},trigger="0",type="kafka",outcome="${outcome}"}`
/** Of one of two operators. */
const by = (instance: string, name: string, labels = 'job="tidegate"'): string => `${name}{${labels},instance="${instance}"}`
const desired = (instance: string): string => by(instance, 'tidegate_scaled_object_desired_replicas', so)
const ready = (instance: string): string => by(instance, 'tidegate_scaled_object_replicas', `${so},state="ready"`)
const wake = (le: string): string => `tidegate_wake_duration_seconds_bucket{${trigger},part="total",le="${le}"}`

/** For every rule, half an hour in which it fires at the end, and one that resembles it in which it does not. */
const stories: Readonly<Record<string, Story>> = {
  TidegateAbsent: { sick: { up: '1x30' }, well: { 'tidegate_event_loop_lateness_seconds{instance="a"}': '0x30' } }, // a shadow
  TidegateWithoutLeader: {
    sick: { [by('a', 'tidegate_leader')]: '1x10 0x20', [by('b', 'tidegate_leader')]: '0x30' }, labels: { job: 'tidegate' },
    well: { [by('a', 'tidegate_leader')]: '1x10 0x20', [by('b', 'tidegate_leader')]: '0x11 1x19' }, // a hand-over
  },
  TidegateEventsLost: {
    sick: { [`tidegate_events_lost_total{${trigger}}`]: '0x20 3x10' }, labels: of,
    alsoSick: { [`tidegate_events_lost_total{${trigger}}`]: '_x25 1x5' }, // the first of its name
    well: { [`tidegate_events_lost_total{${trigger}}`]: '7x30' }, // of yesterday
  },
  TidegateSourceUnreadable: {
    sick: { [reads('failed')]: '0+2x30', [reads('measured')]: '400x30' }, labels: { namespace: 'shop', scaled_object: 'orders', trigger: '0', type: 'kafka' },
    well: { [reads('failed')]: '0+1x30', [reads('measured')]: '400+3x30' }, // now and then
  },
  TidegateScaleWritesFailing: {
    sick: { [`tidegate_scale_writes_total{${so},outcome="failed"}`]: '0+1x30' }, labels: { namespace: 'shop', scaled_object: 'orders' },
    well: { [`tidegate_scale_writes_total{${so},outcome="failed"}`]: '0+1x30', [`tidegate_scale_writes_total{${so},outcome="ok"}`]: '0+1x30' },
  },
  TidegateReplicasNotReady: {
    sick: { [desired('a')]: '5x30', [ready('a')]: '2x30' }, labels: { namespace: 'shop', scaled_object: 'orders' },
    alsoSick: { [desired('a')]: '5x25 _x5', [ready('a')]: '2x25 _x5', [desired('b')]: '_x23 5x7', [ready('b')]: '_x23 2x7' }, // through a hand-over
    well: { [desired('a')]: '2x20 5x10', [ready('a')]: '2x22 5x8' }, // two minutes to start
  },
  TidegateCircuitOpen: {
    sick: { [`tidegate_circuit_open{${trigger}}`]: '0x20 1x10' }, labels: of,
    well: { [`tidegate_circuit_open{${trigger}}`]: '0x20 1x3 0x10' },
  },
  TidegateDeadLetters: {
    sick: { [`tidegate_dead_letters_total{${trigger},reason="exhausted"}`]: '0x20 2x10' }, labels: { ...of, reason: 'exhausted' },
    alsoSick: { [`tidegate_dead_letters_total{${trigger},reason="exhausted"}`]: '_x25 1x5' },
    well: { [`tidegate_dead_letters_total{${trigger},reason="exhausted"}`]: '2x30' },
  },
  TidegateObjectsRefused: {
    sick: { 'tidegate_resources{kind="Trigger",state="refused"}': '1x30', 'tidegate_resources{kind="Trigger",state="at-work"}': '9x30' }, labels: { kind: 'Trigger' },
    well: { 'tidegate_resources{kind="Trigger",state="refused"}': '1x10 0x20', 'tidegate_resources{kind="Trigger",state="at-work"}': '9x30' },
  },
  TidegateWakesSlow: {
    sick: { [wake('30')]: '0x30', [wake('60')]: '0+1x30', [wake('+Inf')]: '0+1x30' }, labels: { namespace: 'shop', trigger: 'audit' },
    well: { [wake('30')]: '0+1x30', [wake('60')]: '0+1x30', [wake('+Inf')]: '0+1x30' },
  },
  TidegateOverloaded: {
    sick: { 'tidegate_event_loop_lateness_seconds{instance="a"}': '0.6x30' }, labels: { instance: 'a' },
    well: { 'tidegate_event_loop_lateness_seconds{instance="a"}': '0x14 2 0x15' }, // one pause
  },
}

let folder: string
let rules: readonly Rule[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-alerts-'))
  await copyFile('deploy/alerts/rules.yaml', join(folder, 'rules.yaml'))
  rules = (parse(await readFile('deploy/alerts/rules.yaml', 'utf8')) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }).groups.flatMap(group => group.rules)
})
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

test('every rule has a story', () => {
  expect(rules.map(({ alert }) => alert)).toEqual(Object.keys(stories))
})

test.each(Object.entries(stories))('%s fires where it should, and not where all is well', async (alert, { sick, alsoSick = sick, well, labels = {} }) => {
  const rule = rules.find(r => r.alert === alert)
  const series = (values: Series): unknown => Object.entries(values).map(([name, text]) => ({ series: name, values: text }))
  const one = (values: Series, alerts: readonly unknown[]): unknown => ({ interval: '1m', input_series: series(values), alert_rule_test: [{ eval_time: '30m', alertname: alert, exp_alerts: alerts }] })
  const file = join(folder, `${alert}.yaml`)
  const run = async (tests: readonly unknown[]): Promise<string> => {
    await writeFile(file, JSON.stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests }))
    const { out, error } = await promtool(['test', 'rules', file], folder)
    return out + error
  }
  expect(await run([one(well, [])])).toContain('SUCCESS')
  for (const values of new Set([sick, alsoSick])) {
    const said = await run([one(values, [])]) // it does fire: what was expected is nothing, what came is told
    expect(said).toContain('FAILED')
    for (const [name, value] of Object.entries({ alertname: alert, severity: rule?.labels.severity, ...labels })) expect(said).toContain(`${name}="${value}"`)
    expect(said).not.toContain('<error') // of a template in its words
    expect(said).not.toContain('<no value>')
  }
})

test('the rules are what promtool takes, and name only what the catalogue has', async () => {
  expect(await promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'], folder)).toMatchObject({ code: 0 })
  expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([])
})

test('the dashboard: each panel is a query, and names only what the catalogue has', async () => {
  const { panels } = JSON.parse(await readFile('deploy/dashboards/tidegate.json', 'utf8')) as { readonly panels: readonly Panel[] }
  const queries = panels.filter(({ type }) => type !== 'row').flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
  expect(queries.length).toBeGreaterThan(15)
  expect(queries.flatMap(({ title, expr }) => unknownIn(expr).map(name => `${title}: ${name}`))).toEqual([])
  const recorded = queries.map(({ expr }, i) => ({ record: `panel:${i}`, expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', '.*') }))
  await writeFile(join(folder, 'panels.yaml'), JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }))
  expect(await promtool(['check', 'rules', 'panels.yaml'], folder)).toMatchObject({ code: 0 })
})

test('what counts loss and delivery is on the dashboard', async () => {
  const text = await readFile('deploy/dashboards/tidegate.json', 'utf8')
  const shown = Object.keys(metricCatalogue).filter(name => text.includes(`tidegate_${name}`))
  expect(shown).toEqual(expect.arrayContaining(['events_lost_total', 'dead_letters_total', 'deliveries_total', 'scale_writes_total', 'circuit_open', 'wake_duration_seconds']))
})

interface Panel { readonly type: string, readonly title: string, readonly targets?: readonly { readonly expr: string }[] }
