import { refKey, type CallOptions, type Condition, type FunctionState } from '../ports.js'

/** The conditions of a Trigger: what is wrong first, and what to do about it. */
export function pumpConditions (state: {
  readonly plan: { readonly options: CallOptions, readonly isManaged: boolean, readonly shadow: boolean }
  readonly function: FunctionState | undefined
  readonly suspendedBecause: string | undefined
  readonly lost: { readonly code: string, readonly message: string } | undefined
  /** The line to the source is open: what is published from now on is received. */
  readonly isOpen: boolean
  /** Ready replicas, and whether an event has waited for one for longer than a healthy function starts. */
  readonly endpoints: number
  readonly isSlow: boolean
  readonly circuitOpen: boolean
  readonly lastFailure: string | undefined
}): readonly Condition[] {
  return [ready(state), functionReady(state), circuit(state)]
}

type State = Parameters<typeof pumpConditions>[0]

function ready ({ suspendedBecause, lost, isOpen, circuitOpen, lastFailure, function: fn, plan: { options, isManaged, shadow } }: State): Condition {
  const no = (reason: string, message: string): Condition => ({ type: 'Ready', status: 'False', reason, message })
  if (suspendedBecause !== undefined) return no('Suspended', `no events are pulled: ${suspendedBecause}`)
  if (lost !== undefined) return no(lostReason(lost.code), `${lost.code} ${lost.message}`)
  if (fn === undefined) return no('FunctionNotFound', 'TG_TARGET_NOT_FOUND there is neither a Service nor a Deployment of the name in spec.function; create one, or mend the name')
  if (fn.trouble !== undefined) return no(fn.trouble.reason, fn.trouble.message)
  if (isManaged && fn.target !== undefined && fn.scaledBy !== undefined) {
    return no('TG_TARGET_CONFLICT', `${fn.scaledBy} scales ${refKey(fn.target)}: events are delivered to the replicas that it leaves, and none is added or taken away here; delete it, or set scale.mode: External`)
  }
  if (isManaged && fn.candidates !== undefined) {
    return no('AmbiguousFunction', `TG_TARGET_CONFLICT the Service selects the pods of ${fn.candidates.join(', ')}: events are delivered to the replicas that run, and none is added or taken away, since nothing says whose; narrow its selector to one of them, name that one with function.kind: Deployment, or set scale.mode: External`)
  }
  if (shadow) return { type: 'Ready', status: 'Unknown', reason: 'WatchedOnly', message: 'this process only watches (--shadow): no event is pulled, settled or sent by it' }
  if (circuitOpen) return no('Held', heldWords(lastFailure))
  if (!isOpen) return { type: 'Ready', status: 'Unknown', reason: 'Connecting', message: 'the line to the source is being opened' }
  return { type: 'Ready', status: 'True', reason: 'TriggerReady', message: `each event is sent as ${options.method} ${options.path === '' ? '/' : options.path}` }
}

/** A source that answers is no unreachable one. */
function lostReason (code: string): string {
  switch (code) {
    case 'TG_SOURCE_NOT_FOUND': return 'SourceNotFound'
    case 'TG_SOURCE_REFUSED': return 'SourceRefused'
    case 'TG_SOURCE_BAD_ANSWER': return 'SourceBadAnswer'
    default: return code.startsWith('TG_SOURCE_') ? 'SourceUnreachable' : 'SourceNotConfigured'
  }
}

const heldWords = (lastFailure: string | undefined): string => `too many events in a row failed (${lastFailure ?? 'no detail'}); one is tried at a time until one succeeds`

function functionReady ({ endpoints, isSlow, function: fn, plan: { isManaged } }: State): Condition {
  if (endpoints > 0) return { type: 'FunctionReady', status: 'True', reason: 'ReplicaReady', message: 'a replica is ready' }
  if (isManaged && fn !== undefined && fn.target === undefined && fn.trouble === undefined) {
    return { type: 'FunctionReady', status: 'False', reason: 'NothingToScale', message: 'no replica runs, and the Service selects the pods of no Deployment or StatefulSet that could be scaled; mend its selector, or set scale.mode: External' }
  }
  if (!isManaged && !isSlow) return { type: 'FunctionReady', status: 'Unknown', reason: 'NoReplicaReady', message: 'no replica is ready, and somebody else scales the function; the next event waits for it' }
  return isSlow
    ? { type: 'FunctionReady', status: 'False', reason: 'NoReplicaReady', message: 'an event has waited for over 10 s and no replica is ready; the log of the replicas says why' }
    : { type: 'FunctionReady', status: 'Unknown', reason: 'AtZero', message: 'no replica runs; the next event starts one' }
}

function circuit ({ circuitOpen, lastFailure }: State): Condition {
  return circuitOpen
    ? { type: 'CircuitClosed', status: 'False', reason: 'TooManyExhausted', message: heldWords(lastFailure) }
    : { type: 'CircuitClosed', status: 'True', reason: 'Closed', message: 'the function is called freely' }
}
