/** How many jobs a wish is worth while others run (reference: keda.md b.3). */
export type JobStrategy =
  /** What runs is taken off: right when an entry stays counted until its job ends. */
  | { readonly kind: 'default' }
  /** A fixed number and a share of what runs are taken off. */
  | { readonly kind: 'custom', readonly deduction: number, readonly share: number }
  /** Only pending jobs are taken off: right when a job removes its entry as it starts. */
  | { readonly kind: 'accurate' }
  /** Fills up to the maximum whenever there is work. */
  | { readonly kind: 'eager' }

export interface WrittenStrategy {
  readonly strategy?: string | undefined
  readonly customScalingQueueLengthDeduction?: number | undefined
  readonly customScalingRunningJobPercentage?: string | undefined
}

/** The strategy that is written; `custom` whose share is no number, and any unknown word, is the default one. */
export function strategyFrom ({ strategy, customScalingQueueLengthDeduction: deduction = 0, customScalingRunningJobPercentage: share = '' }: WrittenStrategy): JobStrategy {
  switch (strategy) {
    case 'accurate': return { kind: 'accurate' }
    case 'eager': return { kind: 'eager' }
    case 'custom': return isNumber(share) ? { kind: 'custom', deduction, share: Number(share) } : { kind: 'default' }
    default: return { kind: 'default' }
  }
}

const isNumber = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)

export interface StrategyInput {
  /** Jobs that the triggers ask for. */
  readonly jobs: number
  /** Waiting entries: no more jobs than these are made at once. */
  readonly backlog: number
  /** Unfinished jobs above the minimum. */
  readonly running: number
  readonly pending: number
  /** Most jobs above the minimum. */
  readonly room: number
}

/** The most that may be created now, not below zero; `backlog` as the strategy has it. */
export interface StrategyResult { readonly most: number, readonly backlog: number }

export function applyStrategy (strategy: JobStrategy, { jobs, backlog, running, pending, room }: StrategyInput): StrategyResult {
  const atLeastZero = (most: number, of = backlog): StrategyResult => ({ most: Math.max(0, most), backlog: of })
  switch (strategy.kind) {
    case 'default': return atLeastZero(jobs - running)
    case 'custom': return atLeastZero(Math.min(jobs - strategy.deduction - Math.trunc(running * strategy.share), room))
    case 'accurate': return atLeastZero(jobs + running - pending > room ? room - running : jobs - pending)
    case 'eager': return atLeastZero(Math.min(room - running - pending, jobs), room)
  }
}

/** The minimum comes before any strategy: what is missing of it is created whatever the triggers say. */
export function mostToCreate (strategy: JobStrategy, min: number, { running, ...input }: StrategyInput): StrategyResult {
  if (running < min) return { most: min - running, backlog: min - running }
  return applyStrategy(strategy, { ...input, running: running - min })
}
