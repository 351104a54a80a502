import { expect, test } from 'vitest'
import { loggedEvents } from '../../src/cli/events.js'
import type { Log } from '../../src/runtime/ports.js'

test('edits and moved ports are told at info; what has a line of its own is not told twice', () => {
  const lines: string[] = []
  const at = (level: string) => (_: object, message: string): void => { lines.push(`${level} ${message}`) }
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const ref = (kind: string) => ({ apiVersion: '', kind, namespace: 'default', name: 'x' })
  const events = loggedEvents(log)
  events.emit(ref('File'), { type: 'Normal', reason: 'Edited', note: 'taken' })
  events.emit(ref('Service'), { type: 'Normal', reason: 'PortChosen', note: 'moved' })
  events.emit(ref('ScaledObject'), { type: 'Normal', reason: 'KEDAScaleTargetActivated', note: 'scaled' })
  events.emit(ref('ScaledObject'), { type: 'Warning', reason: 'ScaledObjectCheckFailed', note: 'wrong' })
  events.emit(ref('Deployment'), { type: 'Warning', reason: 'TG_CONFIG_NOT_LOCAL', note: 'wrong' })
  events.emit(ref('Deployment'), { type: 'Warning', reason: 'ReplicaEnded', note: 'ended' })
  expect(lines).toEqual(['info taken', 'info moved', 'debug scaled', 'warn ended'])
})
