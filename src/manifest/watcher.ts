import type { Clock } from '../runtime/ports.js'
import { isManifestFile } from './folder.js'

/** An editor writes a file in several steps; after the last of them the files are quiet for this long. */
const settleMs = 80

/** Calls `onSettled` after changes below the paths have come to rest, and once when watching has begun. Resolves when the signal aborts. */
export async function watchFiles (paths: readonly string[], options: { readonly clock: Clock, readonly recursive: boolean, readonly onSettled: () => void }, signal: AbortSignal): Promise<void> {
  const { watch } = await import('chokidar')
  if (signal.aborted) return
  let cancel = (): void => undefined
  const settle = (): void => {
    cancel()
    cancel = options.clock.after(settleMs, options.onSettled)
  }
  const watcher = watch([...paths], {
    ignoreInitial: true,
    ...(options.recursive ? {} : { depth: 0 }),
    ignored: (path, stats) => stats?.isFile() === true && !isManifestFile(path) && !paths.includes(path),
  })
  watcher.on('all', settle).on('ready', options.onSettled)
  await new Promise<void>(resolve => { signal.addEventListener('abort', () => resolve(), { once: true }) })
  cancel()
  await watcher.close()
}
