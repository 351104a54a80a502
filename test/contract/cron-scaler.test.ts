import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { cron } from '../../scalers/cron.js'
import { scalerSuite, testKit, type TestReadable } from '../../src/plugin/testing/index.js'
import { ManualClock } from '../fakes/manual-clock.js'

const minute = 60_000

async function source (): Promise<TestReadable> {
  const clock = new ManualClock(Date.parse('2026-01-05T07:00:00Z'))
  // The first look sees the time of the last `put`, so going on by a day is all that a put needs.
  const to = async (hour: number): Promise<void> => { await clock.advance((hour * 60 * minute - clock.now() % (24 * 60 * minute) + 24 * 60 * minute) % (24 * 60 * minute)) }
  return {
    values: { metadata: { timezone: 'Etc/UTC', start: '0 8 * * *', end: '0 18 * * *', desiredReplicas: '10' } },
    kit: testKit({ clock }),
    put: value => to(value > 0 ? 8 : 18),
    stir: () => to(8),
    close: async () => undefined,
  }
}

describe('the cron scaler', () => {
  for (const one of scalerSuite(cron, { source, amounts: [10, 0], yaml: parse })) test(one.name, () => one.run())
})
