import { errorMessage } from '../core/errors.js'

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset before the answer was complete',
  EPIPE: 'connection reset before the answer was complete',
  ECLOSED: 'connection closed before the answer was complete',
  UND_ERR_SOCKET: 'connection closed before the answer was complete',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP/1.1',
}

/** Why a call had no answer, in one line that names the address. */
export function failureMessage (origin: string, error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = words[code]
  return `${origin}: ${known === undefined ? errorMessage(error) : `${known} (${code})`}`
}
