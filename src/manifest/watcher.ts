import type { Clock } from '../runtime/ports.js'
import { isManifestFile } from './folder.js'

/** An editor writes a file in several steps; after the last of them the files are quiet for this long. */
const settleMs = 80
/** What runs comes first; an edit made before watching has begun is seen when it begins. */
const beginAfterMs = 150
/** How often files are looked at that the system does not watch for us. */
const pollMs = 5_000

export interface WatchOptions {
  readonly clock: Clock
  readonly recursive: boolean
  readonly onSettled: () => void
  /** Something cannot be watched (no watches left, no permission). Called once; from then on `onSettled` is called by the clock too. */
  readonly onBlind: (error: unknown) => void
}

/** Calls `onSettled` after changes below the paths have come to rest, and once when watching has begun. Resolves when the signal aborts. */
export async function watchFiles (paths: readonly string[], options: WatchOptions, signal: AbortSignal): Promise<void> {
  await options.clock.sleep(beginAfterMs, signal)
  if (signal.aborted) return
  const { watch } = await import('chokidar')
  if (signal.aborted) return
  let cancel = (): void => undefined
  const settle = (): void => {
    cancel()
    cancel = options.clock.after(settleMs, options.onSettled)
  }
  let isBlind = false
  const poll = async (): Promise<void> => {
    for (;;) {
      await options.clock.sleep(pollMs, signal)
      if (signal.aborted) return
      options.onSettled()
    }
  }
  const goBlind = (error: unknown): void => {
    if (isBlind) return
    isBlind = true
    options.onBlind(error)
    void poll()
  }
  const watcher = watch([...paths], {
    ignoreInitial: true,
    ...(options.recursive ? {} : { depth: 0 }),
    ignored: (path, stats) => stats?.isFile() === true && !isManifestFile(path) && !paths.includes(path),
  })
  watcher.on('all', settle).on('ready', options.onSettled).on('error', goBlind)
  await new Promise<void>(resolve => { signal.addEventListener('abort', () => resolve(), { once: true }) })
  cancel()
  await watcher.close()
}
