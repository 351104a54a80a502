/** Who is told of an answer: the raw form of undici's handler, as far as a call needs it. */
export interface AnswerHandler {
  /** `headers`: name, value; those that a call asks for. */
  onHeaders (status: number, headers: Buffer[]): boolean
  /** Part of the answer, at least its body. */
  onData (bytes: Buffer): boolean
  onComplete (): void
  onError (error: Error): void
}

type Part = 'head' | 'sized body' | 'chunk size' | 'chunk' | 'trailer' | 'body to the end' | 'complete'

const longestHead = 65_536
const noHeaders: Buffer[] = []

/** Reads one answer of HTTP/1.1 (RFC 9112) after the other as it comes in pieces, and keeps nothing of its body. */
export class AnswerReader {
  #handler: Pick<AnswerHandler, 'onHeaders'> = { onHeaders: () => true }
  #part: Part = 'complete'
  #text = ''
  #left = 0
  #isReusable = true
  /** How long the server says it keeps an idle connection; Infinity when it does not say. */
  keepAliveMs = Infinity

  /** The connection may carry another call: the answer is complete, nothing came behind it, and the server did not say that it closes. */
  get isReusable (): boolean { return this.#part === 'complete' && this.#isReusable }

  begin (handler: Pick<AnswerHandler, 'onHeaders'>): void {
    this.#handler = handler
    this.#part = 'head'
    this.#text = ''
    this.#isReusable = true
  }

  /** True when the answer is complete. Throws when it is not HTTP/1.1. */
  read (bytes: Buffer): boolean {
    let at = 0
    while (at < bytes.length && this.#part !== 'complete') at = this.#readPart(bytes, at)
    if (at < bytes.length) this.#isReusable = false
    return this.#part === 'complete'
  }

  /** The server closed its side; true when that is how the answer ends. */
  end (): boolean {
    if (this.#part !== 'body to the end') return false
    this.#part = 'complete'
    return true
  }

  #readPart (bytes: Buffer, at: number): number {
    switch (this.#part) {
      case 'head': return this.#readHead(bytes, at)
      case 'sized body': return this.#skip(bytes, at, 'complete')
      case 'chunk': return this.#skip(bytes, at, 'chunk size')
      case 'chunk size': return this.#readLine(bytes, at, line => this.#chunk(line))
      case 'trailer': return this.#readLine(bytes, at, line => { if (line === '') this.#part = 'complete' })
      case 'body to the end':
      case 'complete': return bytes.length
    }
  }

  #readHead (bytes: Buffer, at: number): number {
    const text = this.#text + bytes.toString('latin1', at)
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return this.#keep(text, bytes)
    const next = at + end + 4 - this.#text.length
    this.#text = ''
    this.#head(text.slice(0, end))
    return next
  }

  #readLine (bytes: Buffer, at: number, then: (line: string) => void): number {
    const end = bytes.indexOf(10, at)
    if (end < 0) return this.#keep(this.#text + bytes.toString('latin1', at), bytes)
    const line = (this.#text + bytes.toString('latin1', at, end)).trimEnd()
    this.#text = ''
    then(line)
    return end + 1
  }

  #keep (text: string, bytes: Buffer): number {
    if (text.length > longestHead || (this.#part === 'head' && !'HTTP/1.'.startsWith(text.slice(0, 7)))) throw notHttp()
    this.#text = text
    return bytes.length
  }

  #skip (bytes: Buffer, at: number, next: Part): number {
    const skipped = Math.min(this.#left, bytes.length - at)
    this.#left -= skipped
    if (this.#left === 0) this.#part = next
    return at + skipped
  }

  #chunk (line: string): void {
    const [, size] = /^([0-9a-f]{1,8})(?:[ \t;]|$)/i.exec(line) ?? []
    if (size === undefined) throw notHttp()
    this.#left = parseInt(size, 16) + 2 // its own line end is part of it
    this.#part = size.replaceAll('0', '') === '' ? 'trailer' : 'chunk'
  }

  #head (text: string): void {
    const status = Number(text.slice(9, 12))
    if (!text.startsWith('HTTP/1.') || !(status >= 100 && status <= 999)) throw notHttp()
    if (status < 200) return // 100, 103: the answer is still to come
    const find = fieldsOf(text)
    const connection = find('connection')?.toLowerCase() ?? ''
    this.#isReusable = text.startsWith('HTTP/1.1') ? !connection.includes('close') : connection.includes('keep-alive')
    this.#bodyIs(status, find('content-length'), find('transfer-encoding'))
    const [, seconds] = /timeout=(\d+)/i.exec(find('keep-alive') ?? '') ?? []
    this.keepAliveMs = seconds === undefined ? Infinity : Number(seconds) * 1000
    const retryAfter = status < 300 ? undefined : find('retry-after')
    this.#handler.onHeaders(status, retryAfter === undefined ? noHeaders : [Buffer.from('retry-after'), Buffer.from(retryAfter, 'latin1')])
  }

  #bodyIs (status: number, length: string | undefined, encoding: string | undefined): void {
    if (status === 204 || status === 304) { this.#part = 'complete'; return }
    if (encoding !== undefined) {
      this.#part = /\bchunked$/i.test(encoding) ? 'chunk size' : 'body to the end'
      if (length !== undefined) this.#isReusable = false // both: somebody on the way may have read it otherwise
    } else if (length === undefined) this.#part = 'body to the end'
    else {
      if (!/^\d{1,15}$/.test(length)) throw notHttp()
      this.#left = Number(length)
      this.#part = this.#left === 0 ? 'complete' : 'sized body'
    }
    if (this.#part === 'body to the end') this.#isReusable = false
  }
}

/** Looks a field up in the text of a head, in any case of its name; the first of several. */
function fieldsOf (text: string): (name: string) => string | undefined {
  const lower = text.toLowerCase()
  return name => {
    const at = lower.indexOf(`\r\n${name}:`)
    if (at < 0) return undefined
    const from = at + name.length + 3
    const end = text.indexOf('\r\n', from)
    return text.slice(from, end < 0 ? undefined : end).trim()
  }
}

const notHttp = (): Error => Object.assign(new Error('the answer is not HTTP/1.1'), { code: 'HPE_INVALID_CONSTANT' })
