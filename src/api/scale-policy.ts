import type { EpochMs } from '../core/clock.js'
import { hpaDefaults, kedaDefaults, rulesFrom } from '../core/scaling/rules.js'
import type { ScalePolicy, ScalingRules } from '../core/scaling/types.js'
import { adoptedBehavior, scalingAnnotations } from './annotations.js'
import type { WrittenRules } from './behavior.js'
import { triggerKey } from './scale-trigger.js'
import type { ScaledObject } from './scaled-object.js'
import { formulaPolicyOf } from './scaling-modifiers.js'
import type { Trigger } from './trigger.js'

/**
 * Everything that a ScaledObject says about its target. `createdAt` is when the object was made, or first seen where nobody knows.
 * Of `behavior`, what is written binds; of what is left out, no rate is made up unless `tidegate.dev/behavior: hpa-defaults` asks for it.
 */
export function scalePolicyOf ({ spec, metadata }: ScaledObject, createdAt: EpochMs): ScalePolicy {
  const said = scalingAnnotations(metadata.annotations)
  const behavior = spec.advanced?.horizontalPodAutoscalerConfig?.behavior ?? adoptedBehavior(metadata.annotations)
  const { fallback } = spec
  const formula = formulaPolicyOf(spec.advanced?.scalingModifiers, spec.triggers, metadata.annotations)
  const unsaid = said.hpaDefaults ? hpaDefaults : kedaDefaults
  return {
    minReplicas: spec.minReplicaCount,
    maxReplicas: spec.maxReplicaCount,
    ...(spec.idleReplicaCount === undefined ? {} : { idleReplicas: spec.idleReplicaCount }),
    cooldownMs: spec.cooldownPeriodMs,
    initialCooldownMs: spec.initialCooldownPeriodMs,
    createdAt,
    ...(fallback === undefined ? {} : { fallback: { failureThreshold: fallback.failureThreshold, replicas: fallback.replicas, behavior: fallback.behavior } }),
    ...(formula === undefined ? {} : { formula }),
    scaleUp: rulesFrom(rulesOf(behavior?.scaleUp), unsaid.scaleUp),
    scaleDown: rulesFrom(rulesOf(behavior?.scaleDown), unsaid.scaleDown),
    ...pauseOf(said),
    forceActivation: said.forceActivation,
    ...(said.maxStep === undefined ? {} : { maxStep: said.maxStep }),
    triggers: spec.triggers.map(triggerKey),
  }
}

/** What a Trigger whose `scale.mode` is Managed says about its function; its one reading goes by its own name. */
export function triggerScalePolicyOf ({ spec: { scale }, metadata }: Trigger, createdAt: EpochMs): ScalePolicy {
  const said = scalingAnnotations(metadata.annotations)
  return {
    minReplicas: scale.min,
    maxReplicas: scale.max,
    cooldownMs: scale.cooldown,
    initialCooldownMs: 0,
    createdAt,
    ...(said.hpaDefaults ? hpaDefaults : kedaDefaults),
    ...pauseOf(said),
    forceActivation: said.forceActivation,
    ...(said.maxStep === undefined ? {} : { maxStep: said.maxStep }),
    triggers: [metadata.name],
  }
}

/** A given number holds that number, whatever the plain pause says. */
function pauseOf (said: ReturnType<typeof scalingAnnotations>): Pick<ScalePolicy, 'paused' | 'pausedUntil' | 'pausedScaleIn' | 'pausedScaleOut'> {
  const { pausedReplicas, paused, pausedUntil, pausedScaleIn, pausedScaleOut } = said
  return {
    ...(pausedReplicas !== undefined ? { paused: { kind: 'at', replicas: pausedReplicas } } : paused ? { paused: { kind: 'hold' } } : {}),
    ...(pausedUntil === undefined ? {} : { pausedUntil }),
    pausedScaleIn, pausedScaleOut,
  }
}

function rulesOf (written: WrittenRules | undefined): Partial<ScalingRules> {
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = written ?? {}
  return {
    ...(stabilizationWindowSeconds === undefined ? {} : { stabilizationWindowMs: stabilizationWindowSeconds * 1000 }),
    ...(selectPolicy === undefined ? {} : { selectPolicy }),
    ...(policies === undefined ? {} : { policies: policies.map(p => ({ type: p.type, value: p.value, periodMs: p.periodSeconds * 1000 })) }),
    ...(tolerance === undefined ? {} : { tolerance }),
  }
}
