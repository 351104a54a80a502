import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { signalGroup } from './process-identity.js'

/** One question to a replica. Ports are those of this replica already. */
export type ProbeQuestion =
  | { readonly kind: 'tcp', readonly host: string, readonly port: number }
  | {
    readonly kind: 'http', readonly scheme: 'http' | 'https', readonly host: string, readonly port: number, readonly path: string
    readonly headers: readonly { readonly name: string, readonly value: string }[]
  }
  | { readonly kind: 'exec', readonly command: readonly string[], readonly cwd: string, readonly env: Readonly<Record<string, string>> }

/** Asks once. Undefined: yes; else in words why not. Never rejects; an abort counts as no. */
export async function askProbe (question: ProbeQuestion, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
  // Not AbortSignal.any: what that leaves on a signal that lives as long as its replica adds up over days of probes.
  const limit = new AbortController()
  const end = (): void => limit.abort()
  const timer = setTimeout(end, timeoutMs)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await answerTo(question, limit.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

function answerTo (question: ProbeQuestion, signal: AbortSignal): Promise<string | undefined> {
  switch (question.kind) {
    case 'tcp': return askTcp(question.host, question.port, signal)
    case 'http': return askHttp(question, signal)
    case 'exec': return askCommand(question, signal)
  }
}

function askTcp (host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => {
      // A connection from a port to itself is possible while nobody listens on it, and proves nothing.
      const isItself = socket.localPort === socket.remotePort
      socket.destroy()
      resolve(isItself ? `nothing listens on ${host}:${port}` : undefined)
    })
    socket.once('error', error => resolve(wordsFor(error, `${host}:${port}`)))
  })
}

async function askHttp (question: ProbeQuestion & { kind: 'http' }, signal: AbortSignal): Promise<string | undefined> {
  const { host, port, path, scheme } = question
  const { request } = scheme === 'https' ? await import('node:https') : await import('node:http')
  const headers = Object.fromEntries<string>([['User-Agent', 'tidegate-probe'], ...question.headers.map(({ name, value }) => [name, value] as const)])
  return new Promise(resolve => {
    // Kubelet checks no certificate either: a probe asks for life, not for identity.
    const asked = request({ host, port, path, headers, signal, agent: false, rejectUnauthorized: false }, answer => {
      const { statusCode = 0 } = answer
      answer.destroy()
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `${scheme}://${host}:${port}${path} answered ${statusCode}`)
    })
    asked.once('error', error => resolve(wordsFor(error, `${host}:${port}`)))
    asked.end()
  })
}

function askCommand (question: ProbeQuestion & { kind: 'exec' }, signal: AbortSignal): Promise<string | undefined> {
  const [command = '', ...args] = question.command
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd: question.cwd, env: question.env, detached: true, stdio: 'ignore' })
    const end = (): void => { if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL') }
    signal.addEventListener('abort', end, { once: true })
    child.once('error', error => resolve(`probe command "${command}": ${error.message}`))
    child.once('exit', code => {
      signal.removeEventListener('abort', end)
      resolve(signal.aborted ? `probe command "${command}" took too long` : code === 0 ? undefined : `probe command "${command}" ended with ${code ?? 'a signal'}`)
    })
  })
}

function wordsFor (error: Error, address: string): string {
  if (error.name === 'AbortError') return `${address} did not answer in time`
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? `nothing listens on ${address}` : `${address}: ${error.message}`
}
