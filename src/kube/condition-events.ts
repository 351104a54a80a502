import { isMapping } from '../spec/read.js'
import type { EventSink } from '../runtime/ports.js'
import type { CustomResource, WireCondition, WireResourceStatus } from './custom-resource.js'

type Told = Parameters<EventSink['emit']>[1]

/** Events of a ScaledObject that follow from what turned in its status, with KEDA's reasons and words (keda.md a.6). Who takes over finds nothing turned, and tells nothing again. */
export function conditionEvents (before: WireResourceStatus | undefined, now: WireResourceStatus, resource: CustomResource): readonly Told[] {
  if (resource.ref.kind !== 'ScaledObject') return []
  const turned = (type: string): { readonly was: WireCondition | undefined, readonly is: WireCondition } | undefined => {
    const [was, is] = [before, now].map(status => status?.conditions?.find(c => c.type === type))
    return is === undefined || (was?.status === is.status && was.reason === is.reason) ? undefined : { was, is }
  }
  const [ready, paused, fallback] = [turned('Ready'), turned('Paused'), turned('Fallback')]
  return [
    ...(ready?.was === undefined && ready !== undefined ? started(resource) : []), ...readyEvents(ready?.was, ready?.is),
    ...(paused?.is.status === 'True' ? [normal('ScaledObjectPaused', 'ScaledObject is paused')] : []),
    ...(paused?.is.status === 'False' && paused.was?.status === 'True' ? [normal('ScaledObjectUnpaused', 'pause annotation removed for ScaledObject')] : []),
    ...(fallback?.is.status === 'True' ? [normal('ScaledObjectFallbackActivated', 'ScaledObject fallback is active')] : []),
    ...(fallback?.is.status === 'False' && fallback.was?.status === 'True' ? [normal('ScaledObjectFallbackDeactivated', 'ScaledObject fallback is no longer active')] : []),
  ]
}

const normal = (reason: string, note: string): Told => ({ type: 'Normal', reason, note })
const warning = (reason: string, note: string): Told => ({ type: 'Warning', reason, note })

function started ({ wanted }: CustomResource): readonly Told[] {
  const triggers = isMapping(wanted.spec) && Array.isArray(wanted.spec['triggers']) ? wanted.spec['triggers'].filter(isMapping) : []
  return [normal('KEDAScalersStarted', 'Started scalers watch'), ...triggers.map(trigger => normal('KEDAScalersStarted', `Scaler ${String(trigger['type'])} is built`))]
}

function readyEvents (was: WireCondition | undefined, is: WireCondition | undefined): readonly Told[] {
  if (is === undefined) return []
  if (is.status === 'True') return was?.status === 'True' ? [] : [normal('ScaledObjectReady', 'ScaledObject is ready for scaling')]
  if (is.reason === 'TriggerError' || is.reason === 'PartialTriggerError') return [warning('KEDAScalerFailed', is.message ?? '')]
  return is.reason === 'ScaledObjectCheckFailed' ? [warning('ScaledObjectCheckFailed', is.message ?? '')] : []
}
