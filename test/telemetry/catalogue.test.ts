import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kedaMetricCatalogue } from '../../src/core/keda-metrics.js'
import { metricCatalogue, type MetricDeclaration } from '../../src/core/metrics.js'
import { metricsReference } from '../../src/telemetry/reference.js'

const catalogue: readonly [string, MetricDeclaration][] = Object.entries(metricCatalogue)

const root = join(import.meta.dirname, '../../src')
const source = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !file.endsWith(join('core', 'metrics.ts')))
  .map(file => readFileSync(join(root, file), 'utf8'))
  .join('\n')

describe('the metrics catalogue', () => {
  it.each(catalogue)('%s follows the rules of names', (name, { type, help, labels, buckets }) => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|count|sum|bucket)$/)
    if (type === 'histogram') {
      expect(name).toMatch(/_seconds$/)
      expect(buckets).toEqual([...buckets ?? []].sort((a, b) => a - b))
      expect(buckets?.length).toBeGreaterThan(0)
    }
    expect(help).toMatch(/\.$/)
    expect(new Set(labels).size).toBe(labels.length)
    for (const label of labels) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(labels).not.toContain('le')
  })

  it('has no metric that nothing writes', () => {
    expect(catalogue.map(([name]) => name).filter(name => !source.includes(`'${name}'`))).toEqual([])
  })

  it('is the reference', () => {
    for (const [name] of catalogue) expect(metricsReference()).toContain(`| \`tidegate_${name}\` |`)
    for (const name of Object.keys(kedaMetricCatalogue)) expect(metricsReference()).toContain(`| \`keda_${name}\` |`)
  })
})
