import { describe, expect, it } from 'vitest'
import { metricCatalogue } from '../../src/core/metrics.js'
import { metrics } from '../../src/telemetry/metrics.js'
import { passing } from '../../src/telemetry/passing.js'

const audit = { namespace: 'default', trigger: 'audit', type: 'nats-jetstream' }
const lines = async (m: ReturnType<typeof metrics>, name: string): Promise<string[]> => (await m.text()).split('\n').filter(line => line.startsWith(name))

describe('metrics', () => {
  it('counts, sets and observes, and writes it in the Prometheus format', async () => {
    const m = metrics(metricCatalogue)
    m.counter('deliveries_total', { ...audit, disposition: 'ack' }).inc()
    m.counter('deliveries_total', { ...audit, disposition: 'ack' }).inc(2)
    m.gauge('delivery_slots', audit).set(7)
    const duration = m.histogram('delivery_duration_seconds', audit)
    for (const seconds of [0.001, 0.0011, 0.2, 99]) duration.observe(seconds)
    expect(await lines(m, 'tidegate_deliveries_total')).toEqual(['tidegate_deliveries_total{namespace="default",trigger="audit",type="nats-jetstream",disposition="ack"} 3'])
    expect(await lines(m, 'tidegate_delivery_slots')).toEqual(['tidegate_delivery_slots{namespace="default",trigger="audit",type="nats-jetstream"} 7'])
    const histogram = await lines(m, 'tidegate_delivery_duration_seconds')
    const at = (le: string): string => `tidegate_delivery_duration_seconds_bucket{namespace="default",trigger="audit",type="nats-jetstream",le="${le}"}`
    expect(histogram).toContain(`${at('0.001')} 1`)
    expect(histogram).toContain(`${at('0.0025')} 2`)
    expect(histogram).toContain(`${at('60')} 3`)
    expect(histogram).toContain(`${at('+Inf')} 4`)
    expect(histogram).toContain('tidegate_delivery_duration_seconds_count{namespace="default",trigger="audit",type="nats-jetstream"} 4')
    expect(histogram.find(line => line.includes('_sum'))).toMatch(/ 99\.2021$/)
  })

  it('gives the same handle for the same labels, whatever their order', () => {
    const m = metrics(metricCatalogue)
    expect(m.gauge('delivery_slots', audit)).toBe(m.gauge('delivery_slots', { type: audit.type, trigger: 'audit', namespace: 'default' }))
    expect(m.gauge('delivery_slots', audit)).not.toBe(m.gauge('delivery_slots', { ...audit, trigger: 'other' }))
  })

  it('writes a counter that was made and never counted: loss is always shown', async () => {
    const m = metrics(metricCatalogue)
    m.counter('events_lost_total', audit)
    expect(await lines(m, 'tidegate_events_lost_total')).toEqual(['tidegate_events_lost_total{namespace="default",trigger="audit",type="nats-jetstream"} 0'])
  })

  it('drops the series of what is gone, and only those', async () => {
    const m = metrics(metricCatalogue)
    for (const trigger of ['audit', 'thumbnails']) for (const disposition of ['ack', 'retry']) m.counter('deliveries_total', { ...audit, trigger, disposition }).inc()
    m.remove('deliveries_total', { trigger: 'audit' })
    expect(await lines(m, 'tidegate_deliveries_total')).toHaveLength(2)
    expect((await lines(m, 'tidegate_deliveries_total')).every(line => line.includes('thumbnails'))).toBe(true)
  })

  it('drops what one term counted when it ends, and nothing of the process', async () => {
    const m = metrics(metricCatalogue)
    const term = passing(m)
    m.gauge('leader', {}).set(1)
    term.gauge('circuit_open', audit).set(1)
    term.counter('deliveries_total', { ...audit, disposition: 'ack' }).inc()
    term.histogram('delivery_duration_seconds', audit).observe(1)
    term.end()
    expect((await m.text()).split('\n').filter(line => line.startsWith('tidegate_'))).toEqual(['tidegate_leader 1'])
    passing(m).gauge('circuit_open', audit).set(0)
    expect(await lines(m, 'tidegate_circuit_open')).toEqual(['tidegate_circuit_open{namespace="default",trigger="audit",type="nats-jetstream"} 0'])
  })

  it('escapes what a label may hold and can be read out twice', async () => {
    const m = metrics(metricCatalogue)
    m.counter('events_lost_total', { ...audit, trigger: 'a"b\\c\nd' }).inc()
    expect(await lines(m, 'tidegate_events_lost_total')).toEqual(['tidegate_events_lost_total{namespace="default",trigger="a\\"b\\\\c\\nd",type="nats-jetstream"} 1'])
    expect(await m.text()).toContain('process_resident_memory_bytes')
  })

  it('refuses a name that the catalogue does not have', () => {
    expect(() => metrics({}).gauge('delivery_slots', audit)).toThrow('delivery_slots is no gauge of the metrics catalogue')
  })
})
