import { refKey, type EventSink, type Log } from '../runtime/ports.js'

/** Events as log lines: what a cluster keeps as Kubernetes Events. */
export const loggedEvents = (log: Log): EventSink => ({
  emit: (ref, { type, reason, note }) => {
    if (type === 'Warning') log.warn({ object: refKey(ref), reason }, note)
    else log.debug({ object: refKey(ref), reason }, note)
  },
})

/** Tells several sinks. */
export const eachOf = (...sinks: readonly EventSink[]): EventSink => ({
  emit: (ref, event) => { for (const sink of sinks) sink.emit(ref, event) },
})
