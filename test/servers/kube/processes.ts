import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process of the control plane. Nothing of it is worth saving, so it always ends by SIGKILL; it ends with this process too, however that ends. */
export interface Running {
  /** The last lines of its log. */
  log(): string
  hasEnded(): boolean
  kill(): Promise<void>
}

/** A shell holds the other end of a pipe from us: when it is closed, by us or because we are gone, the program is killed. A program that ended by itself is not: its id may be another's by then. */
const guard = 'exec 3<&0; "$0" "$@" 3<&- & program=$!; (cat <&3 >/dev/null; kill -9 $program) 2>/dev/null & exec 3<&-; wait $program; kill -9 $!'

export function run (program: string, args: readonly string[]): Running {
  const child = spawn('sh', ['-c', guard, program, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-20_000) })
  return {
    hasEnded: () => hasEnded(child),
    log: () => said.trim().split('\n').slice(-15).join('\n'),
    async kill () {
      const exited = hasEnded(child) ? undefined : once(child, 'exit')
      child.stdin.destroy()
      await exited
    },
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
