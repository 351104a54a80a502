import type { EpochMs } from '../../clock.js'

/**
 * What must be remembered of the last decision that created jobs. It is written before the first of them is created and once more when
 * all are: in between, whoever goes on makes the same jobs by the same names.
 */
export interface JobsMemory {
  /** Form of this object; another number is not understood and counts as lost. */
  readonly version: 1
  /** Number of the decision; part of the names of its jobs. */
  readonly sequence: number
  readonly decidedAt: EpochMs
  /** Jobs that it is about; 0 once they are there. */
  readonly create: number
  /** Generation of the ScaledJob that they are made from. */
  readonly generation: string
}

/** After this long nobody repeats a decision that was not carried out: the sources say something else by now. */
const repeatableMs = 60_000

/** Whether the decision was begun and perhaps not carried out, and is still worth it. */
export const isUnsettled = (memory: JobsMemory | undefined, generation: string, now: EpochMs): memory is JobsMemory =>
  memory !== undefined && memory.create > 0 && memory.generation === generation && now - memory.decidedAt < repeatableMs

/**
 * The next decision. Its number is above every earlier one; where the past is lost it comes from the clock (seconds), which went on faster
 * than decisions did, so that no job of the past has one of its names.
 */
export function nextDecision (memory: JobsMemory | undefined, create: number, generation: string, now: EpochMs): JobsMemory {
  return { version: 1, sequence: memory === undefined ? Math.floor(now / 1000) : memory.sequence + 1, decidedAt: now, create, generation }
}

export const settled = (memory: JobsMemory): JobsMemory => ({ ...memory, create: 0 })

export const writeJobsMemory = ({ version, sequence, decidedAt, create, generation }: JobsMemory): string =>
  JSON.stringify({ version, sequence, decidedAt, create, generation })

/** Undefined for anything that `writeJobsMemory` of this version did not write. Never throws. */
export function readJobsMemory (text: string): JobsMemory | undefined {
  try {
    const raw = JSON.parse(text) as Partial<JobsMemory> | null
    const { version, sequence, decidedAt, create, generation } = raw ?? {}
    const isWhole = version === 1 && [sequence, decidedAt, create].every(Number.isSafeInteger) && typeof generation === 'string'
    return isWhole ? { version, sequence, decidedAt, create, generation } as JobsMemory : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
