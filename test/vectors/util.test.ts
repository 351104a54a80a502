import { expect } from 'vitest'
import { areInitialized, initialConditions, matchesSelector, parseSelector } from '../../src/api/index.js'
import { parseDuration } from '../../src/core/duration.js'
import { namespacesFrom } from '../../src/kube/api/namespaces.js'
import { normalizeMetricName } from '../../src/plugin/index.js'
import { integer, list, map, string, type Field } from '../../src/spec/index.js'
import { readField, Report } from '../../src/spec/read.js'
import { testVectors } from './support.js'

type Text = Readonly<Record<string, string>>
type Given =
  | { kind: 'normalize' | 'int_list' | 'string_map', input: string }
  | { kind: 'int_range', from: string, to: string }
  | { kind: 'watch_label_selector' | 'watch_label_selector_trigger_auth', set: boolean, value: string | null }
  | { kind: 'watch_namespace', set: boolean, value?: string | null }
  | { kind: 'label_filter', selector: string | null, objectLabels: Text }
  | { kind: 'env_duration', value: string | null }
  | { kind: 'conditions_initial' }
  | { kind: 'conditions_initialized', types: string[] }
interface Expect {
  ok?: boolean, output?: string, values?: number[], map?: Text, matchLabels?: Text | null, handled?: boolean
  durationMs?: number | null, conditions?: Text, initialized?: boolean, namespaces?: string[]
}

const integers = list(integer({ summary: 'Number.' }), { summary: 'Numbers.', range: '-' })
const pairs = map(string({ summary: 'Value.' }), { summary: 'Pairs.', default: {} })

testVectors<Given, Expect>('util', ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'normalize': return expect(normalizeMetricName(given.input)).toBe(wanted.output)
    case 'int_range': return expectRead(integers, `${given.from}-${given.to}`, wanted.ok, wanted.values)
    case 'int_list': return expectRead(integers, given.input, wanted.ok, wanted.values)
    case 'string_map': return expectRead(pairs, given.input, wanted.ok, wanted.map)
    case 'watch_label_selector':
    case 'watch_label_selector_trigger_auth': {
      const selector = parseSelector(given.value ?? '')
      expect(selector !== undefined).toBe(wanted.ok)
      if (wanted.matchLabels !== undefined) {
        const labels = selector?.flatMap(r => r.kind === 'in' && r.values.length === 1 ? [[r.key, r.values[0]] as const] : [])
        return expect(labels?.length === 0 ? null : Object.fromEntries(labels ?? [])).toEqual(wanted.matchLabels)
      }
      return
    }
    // KEDA does not start without its variable; an option that is not given means all.
    case 'watch_namespace': return expect(namespacesFrom(given.set ? given.value ?? '' : undefined)).toEqual(wanted.namespaces ?? [])
    case 'label_filter': return expect(matchesSelector(parseSelector(given.selector ?? '') ?? [], given.objectLabels)).toBe(wanted.handled)
    case 'env_duration': {
      const duration = (given.value ?? '') === '' ? null : parseDuration(given.value ?? '')
      expect(duration !== undefined).toBe(wanted.ok)
      return wanted.ok === true ? expect(duration).toBe(wanted.durationMs) : undefined
    }
    case 'conditions_initial': return expect(initialConditions).toEqual(wanted.conditions)
    case 'conditions_initialized': return expect(areInitialized(given.types)).toBe(wanted.initialized)
  }
})

function expectRead (field: Field<unknown>, text: string, ok: boolean | undefined, value: unknown): void {
  const report = new Report()
  const read = readField(field, text, [], report, 'text')
  expect(!report.hasErrors, JSON.stringify(report.problems)).toBe(ok)
  if (ok === true) expect(read).toEqual(value)
}
