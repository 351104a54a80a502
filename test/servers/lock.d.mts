/** One installation at a time, among processes. Gives the way to release it; who waits stops waiting when `isDone`. */
export function lock (path: string, options: { onWait: () => void, isDone: () => Promise<boolean> }): Promise<() => Promise<void>>
