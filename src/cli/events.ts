import { refKey, type EventSink, type Log } from '../runtime/ports.js'

/** Events as log lines: what a cluster keeps as Kubernetes Events. Problems of configuration and changes of counts have a line of their own where they are found. */
export const loggedEvents = (log: Log): EventSink => ({
  emit: (ref, { type, reason, note }) => {
    const fields = { object: refKey(ref), reason }
    if (type === 'Normal') log[isScaled(ref.kind) ? 'debug' : 'info'](fields, note)
    else if (!isProblem(reason)) log.warn(fields, note)
  },
})

const isScaled = (kind: string): boolean => kind === 'ScaledObject' || kind === 'Trigger'
const isProblem = (reason: string): boolean => reason.endsWith('CheckFailed') || reason.startsWith('TG_')

/** Tells several sinks. */
export const eachOf = (...sinks: readonly EventSink[]): EventSink => ({
  emit: (ref, event) => { for (const sink of sinks) sink.emit(ref, event) },
})
