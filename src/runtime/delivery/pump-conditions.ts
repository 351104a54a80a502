import type { CallOptions, Condition } from '../ports.js'

/** The conditions of a Trigger: what is wrong first, and what to do about it. */
export function pumpConditions (state: {
  readonly options: CallOptions
  readonly suspendedBecause: string | undefined
  readonly lost: { readonly code: string, readonly message: string } | undefined
  /** The line to the source is open: what is published from now on is received. */
  readonly isOpen: boolean
  readonly hasFunction: boolean
  /** Ready replicas, and whether an event has waited for one for longer than a healthy function starts. */
  readonly endpoints: number
  readonly isSlow: boolean
  readonly circuitOpen: boolean
  readonly lastFailure: string | undefined
}): readonly Condition[] {
  return [ready(state), functionReady(state), circuit(state)]
}

type State = Parameters<typeof pumpConditions>[0]

function ready ({ suspendedBecause, lost, isOpen, hasFunction, options }: State): Condition {
  const no = (reason: string, message: string): Condition => ({ type: 'Ready', status: 'False', reason, message })
  if (suspendedBecause !== undefined) return no('Suspended', `no events are pulled: ${suspendedBecause}`)
  if (lost !== undefined) return no('SourceUnreachable', `${lost.code} ${lost.message}`)
  if (!hasFunction) return no('FunctionNotFound', 'TG_TARGET_NOT_FOUND there is neither a Service nor a Deployment of the name in spec.function; create one, or mend the name')
  if (!isOpen) return { type: 'Ready', status: 'Unknown', reason: 'Connecting', message: 'the line to the source is being opened' }
  return { type: 'Ready', status: 'True', reason: 'TriggerReady', message: `each event is sent as ${options.method} ${options.path === '' ? '/' : options.path}` }
}

function functionReady ({ endpoints, isSlow }: State): Condition {
  if (endpoints > 0) return { type: 'FunctionReady', status: 'True', reason: 'ReplicaReady', message: 'a replica is ready' }
  return isSlow
    ? { type: 'FunctionReady', status: 'False', reason: 'NoReplicaReady', message: 'an event has waited for over 10 s and no replica is ready; the log of the replicas says why' }
    : { type: 'FunctionReady', status: 'Unknown', reason: 'AtZero', message: 'no replica runs; the next event starts one' }
}

function circuit ({ circuitOpen, lastFailure }: State): Condition {
  return circuitOpen
    ? { type: 'CircuitClosed', status: 'False', reason: 'TooManyExhausted', message: `too many events in a row failed (${lastFailure ?? 'no detail'}); one is tried at a time until one succeeds` }
    : { type: 'CircuitClosed', status: 'True', reason: 'Closed', message: 'the function is called freely' }
}
