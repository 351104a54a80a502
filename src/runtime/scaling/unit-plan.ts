import { scalePolicyOf, triggerScalePolicyOf } from '../../api/index.js'
import { jointPolicy } from './joint-policy.js'
import type { ScaledObjectRun } from './scaled-object-run.js'
import type { UnitPlan } from './scale-unit.js'
import type { TriggerRun } from '../trigger-run.js'

/** What all who speak for one target want of it. */
export function planOf (so: ScaledObjectRun | undefined, runs: readonly TriggerRun[]): UnitPlan {
  const policies = [...(so === undefined ? [] : [scalePolicyOf(so.object, so.createdAt)]), ...runs.map(run => triggerScalePolicyOf(run.trigger, run.createdAt))]
  return {
    policy: jointPolicy(policies, so !== undefined),
    by: [...(so === undefined ? [] : [so.ref]), ...runs.map(run => run.ref)],
    voices: [...(so?.voices ?? []), ...runs.map(run => run.pump.demand)],
    pollingIntervalMs: Math.min(...(so === undefined ? [] : [so.object.spec.pollingIntervalMs]), ...runs.map(run => run.trigger.spec.scale.pollingInterval)),
    restoreOriginal: so?.object.spec.advanced?.restoreToOriginalReplicaCount === true,
    cachedMetrics: so?.object.spec.triggers.every(t => t.useCachedMetrics) === true && runs.length === 0,
    busy: () => runs.length === 0 ? undefined : new Set(runs.flatMap(run => run.pump.busyReplicas)),
    onStatus: (conditions, scaling) => {
      so?.report(conditions, scaling)
      for (const run of runs) run.scaled(conditions, scaling)
    },
  }
}
