import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process of the control plane. Nothing of it is worth saving, so it always ends by SIGKILL; it ends with this process too. */
export interface Running {
  /** The last lines of its log. */
  log(): string
  readonly hasEnded: () => boolean
  kill(): Promise<void>
}

export function run (program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let failure: Error | undefined
  child.on('error', error => { failure = error })
  child.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-20_000) })
  const onExit = (): void => { child.kill('SIGKILL') }
  process.once('exit', onExit)
  const hasEnded = (): boolean => failure !== undefined || hasExited(child)
  return {
    hasEnded,
    log: () => failure === undefined ? said.trim().split('\n').slice(-15).join('\n') : failure.message,
    async kill () {
      process.removeListener('exit', onExit)
      if (hasEnded()) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

const hasExited = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
