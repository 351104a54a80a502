import type { ScaledObject } from '../../api/index.js'
import { refKey, type ObjectRef } from '../ports.js'

/** Everything that speaks for one target. */
export interface TargetClaim<T> {
  readonly target: ObjectRef
  readonly scaledObject: ScaledObject | undefined
  readonly triggers: readonly T[]
}
/** A ScaledObject and when it was made, or first seen where nobody knows. */
export interface Aged { readonly object: ScaledObject, readonly createdAt: number }
export interface TargetConflict { readonly loser: ScaledObject, readonly winner: ScaledObject, readonly target: ObjectRef }

export const targetOf = (so: ScaledObject): ObjectRef => ({
  apiVersion: so.spec.scaleTargetRef.apiVersion, kind: so.spec.scaleTargetRef.kind,
  namespace: so.metadata.namespace, name: so.spec.scaleTargetRef.name,
})

/** One writer per target: who speaks for which. Of two ScaledObjects on one target the older wins, by name where both are of the same age. */
export function claimTargets<T extends { readonly target: ObjectRef }> (
  scaledObjects: readonly Aged[], triggers: readonly T[],
): { readonly claims: ReadonlyMap<string, TargetClaim<T>>, readonly conflicts: readonly TargetConflict[] } {
  const claims = new Map<string, TargetClaim<T>>()
  const conflicts: TargetConflict[] = []
  for (const { object: so } of [...scaledObjects].sort(byAge)) {
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

function byAge (a: Aged, b: Aged): number {
  const name = ({ object: { metadata } }: Aged): string => `${metadata.namespace}/${metadata.name}`
  return a.createdAt - b.createdAt || (name(a) < name(b) ? -1 : 1)
}
