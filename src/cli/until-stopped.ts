/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a second one of any ends the process at once, as those who send it twice want. */
export function untilStopped (): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let first = true
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!first) process.exit(130)
        first = false
        resolve(signal)
      })
    }
  })
}
