import { digest } from '../../digest.js'
import type { JobsMemory } from './memory.js'

/** A Job's name is a label of its pods: 63 characters. What follows the ScaledJob's name takes up to 23 of them. */
const mostOfOwner = 40

/**
 * The names of the jobs of one decision, `renders-1b2k9xq-t3x2q0-0`: the ScaledJob, a digest of its uid (another object of the same name has
 * another), the number of the decision, the job within it. The same decision gives the same names.
 */
export function jobNames (owner: { readonly name: string, readonly uid: string }, { sequence, create }: Pick<JobsMemory, 'sequence' | 'create'>): readonly string[] {
  const stem = owner.name.slice(0, mostOfOwner).replace(/[-.]+$/, '')
  return Array.from({ length: create }, (_, i) => `${stem}-${digest(owner.uid)}-${sequence.toString(36)}-${i}`)
}
