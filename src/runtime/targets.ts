import type { ScaledObject } from '../api/index.js'
import { refKey, type ObjectRef } from './ports.js'

/** Everything that speaks for one target. */
export interface TargetClaim<T> {
  readonly target: ObjectRef
  readonly scaledObject: ScaledObject | undefined
  readonly triggers: readonly T[]
}
export interface TargetConflict { readonly loser: ScaledObject, readonly winner: ScaledObject, readonly target: ObjectRef }

export const targetOf = (so: ScaledObject): ObjectRef => ({
  apiVersion: so.spec.scaleTargetRef.apiVersion, kind: so.spec.scaleTargetRef.kind,
  namespace: so.metadata.namespace, name: so.spec.scaleTargetRef.name,
})

/** One writer per target: who speaks for which. Of two ScaledObjects on one target the older wins, by name where both are of the same age. */
export function claimTargets<T extends { readonly target: ObjectRef }> (
  scaledObjects: readonly ScaledObject[], triggers: readonly T[],
): { readonly claims: ReadonlyMap<string, TargetClaim<T>>, readonly conflicts: readonly TargetConflict[] } {
  const claims = new Map<string, TargetClaim<T>>()
  const conflicts: TargetConflict[] = []
  for (const so of [...scaledObjects].sort(byAge)) {
    const target = targetOf(so)
    const winner = claims.get(refKey(target))?.scaledObject
    if (winner === undefined) claims.set(refKey(target), { target, scaledObject: so, triggers: [] })
    else conflicts.push({ loser: so, winner, target })
  }
  for (const trigger of triggers) {
    const present = claims.get(refKey(trigger.target))
    claims.set(refKey(trigger.target), { target: trigger.target, scaledObject: present?.scaledObject, triggers: [...present?.triggers ?? [], trigger] })
  }
  return { claims, conflicts }
}

function byAge (a: ScaledObject, b: ScaledObject): number {
  const born = (so: ScaledObject): string => so.metadata.creationTimestamp ?? ''
  const name = (so: ScaledObject): string => `${so.metadata.namespace}/${so.metadata.name}`
  return born(a).localeCompare(born(b)) || name(a).localeCompare(name(b))
}
