import { expect } from 'vitest'
import { cron } from '../../scalers/cron.js'
import { measuredAs } from '../../src/plugin/index.js'
import { testKit, realClock } from '../../src/plugin/testing/kit.js'
import { parseConfig } from '../../src/spec/index.js'
import type { VectorCase } from './support.js'

interface Given { kind: 'parse_metadata' | 'metric_name' | 'window', triggerIndex?: number, triggerMetadata: Readonly<Record<string, string>>, now?: string }
interface Expect { ok?: boolean, metricName?: string, targetValue?: number, active?: boolean, value?: number }
export type CronCase = VectorCase<Given, Expect>

/** The cases of `cron` and `derived_cron` have one shape. */
export async function checkCronCase ({ given, expect: wanted }: CronCase): Promise<void> {
  const parsed = parseConfig(cron.config, { metadata: given.triggerMetadata }, { path: [], mode: 'text', unknownKeys: 'warning', about: '"cron"' })
  if (given.kind === 'parse_metadata') { expect(parsed.ok, JSON.stringify(parsed.problems)).toBe(wanted.ok); return }
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const measure = cron.measure(parsed.value)
  if (given.kind === 'metric_name') {
    expect(`s${given.triggerIndex ?? 0}-${measure.name}`).toBe(wanted.metricName)
    if (wanted.targetValue !== undefined) expect(measure.target).toBe(wanted.targetValue)
    return
  }
  const now = Date.parse(given.now ?? '')
  const scaler = await cron.open(parsed.value, testKit({ clock: { ...realClock, now: () => now } }), measuredAs(measure))
  expect(await scaler.read(new AbortController().signal)).toMatchObject([{ active: wanted.active, value: wanted.value }])
}
