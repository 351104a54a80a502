import { readFile } from 'node:fs/promises'
import { errorMessage } from '../core/errors.js'
import type { Clock, Log } from '../runtime/ports.js'
import type { Defaults } from '../runtime/configs.js'
import { readDefaults } from './config-defaults.js'

/** A mounted ConfigMap changes by a link that is exchanged, which watching a file does not see: it is read this often, some hundred bytes. */
const readEveryMs = 5_000

export interface ConfigFileParts {
  readonly file: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Log
}

/** `defaults` of tidegate.yaml as they are now. */
export class ConfigFile {
  readonly #parts: ConfigFileParts
  #defaults: Defaults
  /** What was read last, usable or not. */
  #text: string

  private constructor (parts: ConfigFileParts, defaults: Defaults, text: string) {
    this.#parts = parts
    this.#defaults = defaults
    this.#text = text
  }

  /** Rejects with everything that is wrong with the file. */
  static async open (parts: ConfigFileParts): Promise<ConfigFile> {
    const defaults = await readDefaults(parts.file, parts.environment, parts.log)
    return new ConfigFile(parts, defaults, await textOf(parts.file))
  }

  get defaults (): Defaults { return this.#defaults }

  /** Reads it again when it changed, and calls back; what cannot be used is said, and what was there before goes on. Resolves when the signal aborts. */
  async follow (onChange: () => void, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    for (;;) {
      await clock.sleep(readEveryMs, signal)
      if (signal.aborted) return
      if (await this.#readAgain()) onChange()
    }
  }

  async #readAgain (): Promise<boolean> {
    const { file, environment, log } = this.#parts
    const text = await textOf(file)
    if (text === this.#text) return false
    this.#text = text
    try {
      this.#defaults = await readDefaults(file, environment, log)
      log.info({ file }, 'the configuration changed and was read again')
      return true
    } catch (error) {
      log.error({ file, err: errorMessage(error) }, 'the configuration changed and cannot be used; what it was before goes on')
      return false
    }
  }
}

/** Empty where it cannot be read: whoever reads it for its content says why. */
const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
