import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { onSubjectCpu } from './machine.js'

/** A program under measurement, on its own CPU. */
export interface Subject {
  readonly pid: number
  /** Resolves with the first line of output that matches; rejects when the program ends first. */
  line(matches: (line: string) => boolean): Promise<string>
  /** SIGTERM, after ten seconds SIGKILL; resolves when it is gone. */
  end(): Promise<void>
  readonly ended: Promise<number | null>
}

/** `pinned` to its CPU unless told otherwise. */
export function startSubject (command: readonly string[], env: NodeJS.ProcessEnv = process.env, { pinned = true }: { readonly pinned?: boolean } = {}): Subject {
  const [program = '', ...args] = pinned ? onSubjectCpu(command) : command
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = watchLines(child)
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    pid: child.pid ?? NaN,
    ended,
    line: async matches => Promise.race([lines.find(matches), ended.then(code => {
      throw new Error(`${command.join(' ')} ended with ${code} before it was ready:\n${lines.tail()}`)
    })]),
    async end () {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const aborter = new AbortController()
      const late = sleep(10_000, undefined, { signal: aborter.signal }).then(() => child.kill('SIGKILL'), () => false)
      await ended
      aborter.abort()
      await late
    },
  }
}

/** Keeps the last lines of both outputs and tells of each new one. */
function watchLines (child: ChildProcess): { find(matches: (line: string) => boolean): Promise<string>, tail(): string } {
  const seen: string[] = []
  const waiting = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        seen.push(line)
        if (seen.length > 50) seen.shift()
        for (const tell of waiting) tell(line)
      }
    })
  }
  return {
    tail: () => seen.join('\n'),
    find: matches => new Promise(resolve => {
      const tell = (line: string): void => {
        if (!matches(line)) return
        waiting.delete(tell)
        resolve(line)
      }
      waiting.add(tell)
      seen.forEach(tell)
    }),
  }
}
