/** When a process that ended by itself is started again, as kubelet does: at once, then 10 s, doubling to 5 min; forgotten after 10 min of running. */
export interface RestartPolicy {
  readonly initialMs: number
  readonly maxMs: number
  readonly resetAfterMs: number
}
export const kubeletRestarts: RestartPolicy = { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 }

/** `streak` counts ends in a row, this one included; 0 starts anew. */
export function nextRestart (streak: number, ranMs: number, policy: RestartPolicy): { readonly streak: number, readonly delayMs: number } {
  const ends = ranMs >= policy.resetAfterMs ? 1 : streak + 1
  return { streak: ends, delayMs: ends === 1 ? 0 : Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(ends - 2, 30)) }
}
