import { isMapping } from '../../spec/read.js'
import type { EventSink } from '../../runtime/ports.js'
import type { CustomResource, WireCondition, WireResourceStatus } from './custom-resource.js'

type Told = Parameters<EventSink['emit']>[1]
/** A condition that turned, has another reason, or (of a pause) other words. */
interface Turned { readonly was: WireCondition | undefined, readonly is: WireCondition }
type Turn = (type: string) => Turned | undefined

/** Events of an object that follow from what turned in its status, with KEDA's reasons and words (keda.md a.6). Who takes over finds nothing turned, and tells nothing again. */
export function conditionEvents (before: WireResourceStatus | undefined, now: WireResourceStatus, resource: CustomResource): readonly Told[] {
  const turned: Turn = type => {
    const [was, is] = [before, now].map(status => status?.conditions?.find(c => c.type === type))
    if (is === undefined || (was?.status === is.status && was.reason === is.reason && (type !== 'Paused' || was.message === is.message))) return undefined
    return { was, is }
  }
  switch (resource.ref.kind) {
    case 'ScaledObject': return scaledObjectEvents(turned, resource)
    case 'ScaledJob': return failing(turned('Ready'), 'ScaledJob') // what turns for the better is told with the jobs
    case 'Trigger': return triggerEvents(turned)
    default: return []
  }
}

const normal = (reason: string, note: string): Told => ({ type: 'Normal', reason, note })
const warning = (reason: string, note: string): Told => ({ type: 'Warning', reason, note })

function scaledObjectEvents (turned: Turn, resource: CustomResource): readonly Told[] {
  const [ready, paused, fallback] = [turned('Ready'), turned('Paused'), turned('Fallback')]
  return [
    ...(ready !== undefined && ready.was === undefined ? started(resource) : []),
    ...(ready?.is.status === 'True' && ready.was?.status !== 'True' ? [normal('ScaledObjectReady', 'ScaledObject is ready for scaling')] : []),
    ...failing(ready, 'ScaledObject'),
    ...(paused?.is.status === 'True' ? [normal('ScaledObjectPaused', paused.is.message ?? '')] : []),
    ...(paused?.is.status === 'False' && paused.was?.status === 'True' ? [normal('ScaledObjectUnpaused', 'pause annotation removed for ScaledObject')] : []),
    ...(fallback?.is.status === 'True' ? [warning('ScaledObjectFallbackActivated', `ScaledObject fallback is active: ${fallback.is.message ?? ''}`)] : []),
    ...(fallback?.is.status === 'False' && fallback.was?.status === 'True' ? [normal('ScaledObjectFallbackDeactivated', 'ScaledObject fallback is no longer active')] : []),
  ]
}

function started ({ wanted }: CustomResource): readonly Told[] {
  const triggers = isMapping(wanted.spec) && Array.isArray(wanted.spec['triggers']) ? wanted.spec['triggers'].filter(isMapping) : []
  return [normal('KEDAScalersStarted', 'Started scalers watch'), ...triggers.map(trigger => normal('KEDAScalersStarted', `Scaler ${String(trigger['type'])} is built`))]
}

/** What is wrong with an object that scales. A refused edit was told when it was refused. */
function failing (ready: Turned | undefined, kind: 'ScaledObject' | 'ScaledJob'): readonly Told[] {
  if (ready === undefined || ready.is.status === 'True') return []
  const { reason, message = '' } = ready.is
  if (reason === 'TriggerError' || reason === 'PartialTriggerError') return [warning('KEDAScalerFailed', message)]
  if (reason === 'TG_TARGET_CONFLICT') return [warning(`${kind}CheckFailed`, `${reason} ${message}`)]
  return reason === `${kind}CheckFailed` ? [warning(reason, message)] : []
}

/** Told by whoever refused the edit or suspended the Trigger, or as an Event of its own. */
const isToldElsewhere = ({ reason = '' }: WireCondition): boolean => reason === 'Suspended' || reason === 'Held' || (reason.startsWith('TG_') && reason !== 'TG_TARGET_CONFLICT')

function triggerEvents (turned: Turn): readonly Told[] {
  const [ready, circuit] = [turned('Ready'), turned('CircuitClosed')]
  return [
    ...(ready?.is.status === 'True' && ready.was?.status === 'False' ? [normal('TriggerReady', 'Trigger works again')] : []),
    ...(ready?.is.status === 'False' && !isToldElsewhere(ready.is) ? [warning('TriggerFailed', `${ready.is.reason ?? ''}: ${ready.is.message ?? ''}`)] : []),
    ...(circuit?.is.status === 'False' ? [warning('TriggerHeld', circuit.is.message ?? '')] : []),
    ...(circuit?.is.status === 'True' && circuit.was?.status === 'False' ? [normal('TriggerReleased', 'an event succeeded: the function is called freely again')] : []),
  ]
}
