import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { errorMessage, TidegateError } from '../core/errors.js'

export interface LineFileOptions {
  /** Who may read it, as for chmod; the umask's choice unless given. */
  readonly mode?: number
  /** Called once, when a write fails; nothing more is written from then on. */
  readonly onFailed: (error: unknown) => void
}

export interface LineFile {
  /** Appends the text; what cannot be written costs that text, never the process. */
  write(text: string): void
  close(): Promise<void>
}

/** Opens a file to append to; `what` names it in the TG_USAGE with which this rejects when it cannot be opened. */
export async function lineFile (path: string, what: string, { mode, onFailed }: LineFileOptions): Promise<LineFile> {
  const file = createWriteStream(path, { flags: 'a', ...(mode === undefined ? {} : { mode }) })
  try {
    await once(file, 'open')
  } catch (cause) {
    throw new TidegateError('TG_USAGE', `cannot write ${what} ${path}: ${errorMessage(cause)}`, { cause, hint: 'name a file in a folder that is there and may be written' })
  }
  file.on('error', onFailed) // it closes itself then, and takes further writes in silence
  return {
    write: text => { file.write(text) },
    close: () => new Promise(resolve => {
      if (file.closed) resolve()
      else file.once('close', resolve).end()
    }),
  }
}
