import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, Pool } from 'undici'

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly [key: string]: unknown
  }
  readonly [key: string]: unknown
}
export interface WatchEvent<T> { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR', readonly object: T }

/** An answer of 400 and above; `reason` and the message are the server's. */
export class KubeError extends Error {
  constructor (readonly status: number, readonly reason: string, message: string) { super(message) }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Patch = 'merge' | 'strategic-merge' | 'json'

/** A small client for tests and for the fake kubelet. The product has its own: what it does is not proved by what it uses. */
export interface KubeClient {
  request<T = KubeObject>(method: Method, path: string, body?: unknown, contentType?: string): Promise<T>
  get<T = KubeObject>(path: string): Promise<T>
  patch<T = KubeObject>(path: string, body: unknown, kind?: Patch): Promise<T>
  /** With its kind written out: a server takes a DELETE's body for nothing else. */
  delete(path: string, options?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Server-side apply, with unknown fields refused. */
  apply<T = KubeObject>(object: KubeObject): Promise<T>
  /** What `kubectl get` shows of a path: a row an object, by column. */
  table(path: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** The path of an object, by asking the server which resource its kind is. */
  pathOf(object: KubeObject): Promise<string>
  /** Tells what is there and every change, over lost connections too, until the signal aborts. What was deleted while the line was down is not told. */
  watch<T = KubeObject>(path: string, onEvent: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void>
  /** Resolves with the first state of one object that fulfils the condition (undefined: it is not there); rejects with the last state after 30 s. */
  until<T = KubeObject>(path: string, condition: (object: T | undefined) => boolean, timeoutMs?: number): Promise<T | undefined>
  close(): Promise<void>
}

export interface ClientOptions {
  readonly url: string
  readonly ca: string
  readonly certificate?: string
  readonly key?: string
  readonly token?: string
  readonly userAgent: string
}

interface Table { readonly columnDefinitions: readonly { readonly name: string, readonly priority: number }[], readonly rows: readonly { readonly cells: readonly unknown[] }[] }
interface List<T> { readonly items: readonly T[], readonly metadata: { readonly resourceVersion: string } }
interface ResourceList { readonly resources: readonly { readonly name: string, readonly kind: string, readonly namespaced: boolean }[] }

export function kubeClient ({ url, ca, certificate, key, token, userAgent }: ClientOptions): KubeClient {
  const pool = new Pool(url, {
    connections: 64, bodyTimeout: 0, headersTimeout: 60_000,
    connect: { ca, ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }) },
  })
  const common = { 'user-agent': userAgent, accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }

  async function send (method: Method, path: string, options: Partial<Dispatcher.RequestOptions>, contentType?: string): Promise<Dispatcher.ResponseData> {
    const response = await pool.request({ method, path, headers: { ...common, ...(contentType === undefined ? {} : { 'content-type': contentType }) }, ...options })
    if (response.statusCode < 400) return response
    throw errorFrom(response.statusCode, `${method} ${path}`, await response.body.text())
  }

  async function request<T> (method: Method, path: string, body?: unknown, contentType = 'application/json'): Promise<T> {
    const response = await send(method, path, body === undefined ? {} : { body: JSON.stringify(body) }, body === undefined ? undefined : contentType)
    const text = await response.body.text()
    return (response.headers['content-type']?.includes('json') === true ? JSON.parse(text) : text) as T
  }

  async function pathOf ({ apiVersion = 'v1', kind = '', metadata: { name, namespace } }: KubeObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const resource = await discovered(root, kind)
    return `${root}${resource.namespaced ? `/namespaces/${namespace ?? 'default'}` : ''}/${resource.name}/${name}`
  }

  /** Discovery hears of a kind a moment after its definition is established. */
  async function discovered (root: string, kind: string): Promise<ResourceList['resources'][number]> {
    for (let attempt = 1; ; attempt++) {
      const { resources } = await request<ResourceList>('GET', root).catch((error: unknown): ResourceList => {
        if (error instanceof KubeError && error.status === 404) return { resources: [] }
        throw error
      })
      const found = resources.find(r => r.kind === kind && !r.name.includes('/'))
      if (found !== undefined) return found
      if (attempt === 100) throw new Error(`${root} has no ${kind}`)
      await sleep(100)
    }
  }

  /** The events of one connection; the server closes it now and then. */
  async function * events<T> (path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const { body } = await send('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, { signal })
    let rest = ''
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as WatchEvent<T>
        if (event.type === 'ERROR') return
        yield event
      }
    }
  }

  async function watch<T> (path: string, onEvent: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of events<T>(path, signal)) onEvent(event)
      } catch (error) {
        if (!isAborted(signal) && !isPassing(error)) throw error
      }
      await pause(signal)
    }
  }

  async function until<T> (path: string, condition: (object: T | undefined) => boolean, timeoutMs = 30_000): Promise<T | undefined> {
    const slash = path.lastIndexOf('/')
    const one = `${path.slice(0, slash)}?fieldSelector=metadata.name%3D${encodeURIComponent(path.slice(slash + 1))}`
    const signal = AbortSignal.timeout(timeoutMs)
    let last: T | undefined
    while (!signal.aborted) {
      try {
        const { items, metadata } = await request<List<T>>('GET', one)
        last = items[0]
        if (condition(last)) return last
        for await (const { type, object } of events<T>(`${one}&resourceVersion=${metadata.resourceVersion}`, signal)) {
          last = type === 'DELETED' ? undefined : object
          if (condition(last)) return last
        }
      } catch (error) {
        if (!isAborted(signal) && !isPassing(error)) throw error
      }
      await pause(signal)
    }
    throw new Error(`${path} did not come to the state that was waited for in ${timeoutMs} ms: ${JSON.stringify(last)}`)
  }

  async function table (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { body } = await send('GET', path, { headers: { ...common, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
    const { columnDefinitions, rows } = await body.json() as Table
    return rows.map(({ cells }) => Object.fromEntries(columnDefinitions.flatMap(({ name, priority }, i) => priority === 0 ? [[name, cells[i]] as const] : [])))
  }

  return {
    request, pathOf, watch, until, table,
    get: path => request('GET', path),
    patch: (path, body, kind = 'merge') => request('PATCH', path, body, `application/${kind}-patch+json`),
    delete: (path, options = {}) => request('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', ...options }),
    apply: async object => request('PATCH', `${await pathOf(object)}?fieldManager=${userAgent}&force=true&fieldValidation=Strict`, object, 'application/apply-patch+yaml'),
    close: () => pool.destroy(),
  }
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted

/** A server that starts again, or is busy, or has forgotten that far back. */
export const isPassing = (error: unknown): boolean => !(error instanceof KubeError) || error.status >= 429 || error.status === 410

async function pause (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await sleep(100, undefined, { signal }).catch(() => undefined)
}

function errorFrom (status: number, what: string, text: string): KubeError {
  try {
    const { reason = '', message = text } = JSON.parse(text) as { readonly reason?: string, readonly message?: string }
    return new KubeError(status, reason, `${what}: ${status} ${message}`)
  } catch {
    return new KubeError(status, '', `${what}: ${status} ${text}`)
  }
}
