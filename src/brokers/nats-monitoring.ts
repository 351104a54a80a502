import { TidegateError } from '../plugin/index.js'
import { missingHint } from './nats-api.js'

/** A consumer as a server's monitoring port shows it; Go leaves zeros out. */
export interface MonitoredConsumer {
  readonly name?: string
  readonly num_pending?: number
  readonly num_ack_pending?: number
  readonly cluster?: { readonly leader?: string } | null
}
export interface MonitoredStream { readonly name?: string, readonly consumer_detail?: readonly MonitoredConsumer[] | null }
interface Jsz {
  readonly meta_cluster?: { readonly cluster_size?: number } | null
  readonly account_details?: readonly { readonly id?: string, readonly name?: string, readonly stream_detail?: readonly MonitoredStream[] | null }[] | null
}
interface Varz {
  readonly server_name?: string
  readonly connect_urls?: readonly string[] | null
  readonly cluster?: { readonly urls?: readonly string[] | null } | null
}

/** Which consumer, and which server to ask for it. */
export interface Monitored {
  readonly endpoint: string
  readonly useHttps: boolean
  readonly account: string | undefined
  readonly accountID: string | undefined
  readonly stream: string
  readonly consumer: string
}

/** GETs JSON of a URL; rejects with TG_SOURCE_…. */
export type Ask = (url: string) => Promise<unknown>

/** `http://nats:8222/jsz?acc=%24G&config=true&consumers=true` */
export const jszUrl = ({ endpoint, useHttps, account, accountID }: Pick<Monitored, 'endpoint' | 'useHttps' | 'account' | 'accountID'>): string =>
  `${useHttps ? 'https' : 'http'}://${endpoint}/jsz?${new URLSearchParams({ acc: accountID ?? account ?? '', config: 'true', consumers: 'true' }).toString()}`

/** KEDA asks for the configuration of every stream and consumer too, which nobody reads: half of what the server has to write. */
function withoutConfig (url: string): string {
  const leaner = parsed(url)
  leaner.searchParams.delete('config')
  return leaner.href
}

/** The same question put to another host; the port stays. Throws TG_CONFIG_INVALID when `url` is none. */
export function atHost (url: string, host: string): string {
  const other = parsed(url)
  other.hostname = host
  return other.href
}

/** The same question put to one node by its name in front of the host. */
export const atNode = (url: string, node: string): string => atHost(url, `${node}.${parsed(url).hostname}`)

/** What a server says about itself. */
export function varzUrl (url: string): string {
  const other = parsed(url)
  other.pathname = '/varz'
  other.search = ''
  return other.href
}

function parsed (url: string): URL {
  if (!URL.canParse(url)) throw new TidegateError('TG_CONFIG_INVALID', `"${url}" is no URL`, { hint: 'natsServerMonitoringEndpoint is host:port' })
  return new URL(url)
}

/** Waiting and handed out, not settled. Throws TG_SOURCE_NOT_FOUND when the stream has no such consumer. */
export function lagOf (stream: MonitoredStream, consumer: string): number {
  const found = consumerOf(stream, consumer)
  if (found === undefined) throw new TidegateError('TG_SOURCE_NOT_FOUND', `consumer "${consumer}" not found in stream "${stream.name ?? ''}"`, { hint: missingHint })
  return (found.num_pending ?? 0) + (found.num_ack_pending ?? 0)
}

const consumerOf = (stream: MonitoredStream, name: string): MonitoredConsumer | undefined => stream.consumer_detail?.find(c => c.name === name)

/**
 * Reads the lag of one consumer from a server's monitoring port. In a cluster only the consumer's leader has true numbers: it is looked
 * for among the nodes, remembered, and looked for again when it is no longer the leader. What a server does not show now is an error;
 * numbers of an earlier look are never reported.
 */
export class MonitoredLag {
  readonly #what: Monitored
  readonly #url: string
  #leader: { readonly name: string, readonly url: string } | undefined

  constructor (what: Monitored) {
    this.#what = what
    this.#url = withoutConfig(jszUrl(what))
  }

  /** The host that is asked first the next time; undefined: the configured endpoint. */
  get leaderHost (): string | undefined { return this.#leader === undefined ? undefined : new URL(this.#leader.url).host }

  async read (ask: Ask): Promise<number> {
    const remembered = this.#leader
    this.#leader = undefined // whatever goes wrong from here on, the next look begins at the configured endpoint
    const jsz = await askJsz(ask, remembered?.url ?? this.#url)
    const stream = this.#streamIn(jsz)
    const leader = stream === undefined ? undefined : consumerOf(stream, this.#what.consumer)?.cluster?.leader
    const isAlone = (jsz.meta_cluster?.cluster_size ?? 0) <= 1
    if (stream !== undefined && (isAlone || (remembered !== undefined && leader === remembered.name))) {
      this.#leader = remembered
      return lagOf(stream, this.#what.consumer)
    }
    if (isAlone) throw this.#notFound(`account "${this.#what.account ?? this.#what.accountID ?? ''}" has no stream "${this.#what.stream}"`)
    return this.#search(ask)
  }

  /** Asks node after node until one says that it leads. */
  async #search (ask: Ask): Promise<number> {
    const varz = (await ask(varzUrl(this.#url))) as Varz
    const advertised = (varz.connect_urls ?? []).map(url => atHost(this.#url, url.split(':')[0] ?? ''))
    const named = (varz.cluster?.urls ?? []).map(url => url.split('.')[0] ?? '')
    const nodes = advertised.length > 0
      ? advertised.map(url => ({ url, name: async () => ((await ask(varzUrl(url))) as Varz).server_name }))
      : named.map(name => ({ url: atNode(this.#url, name), name: async () => name }))
    for (const node of nodes) {
      const name = await node.name()
      const stream = this.#streamIn(await askJsz(ask, node.url))
      const leader = stream === undefined ? undefined : consumerOf(stream, this.#what.consumer)?.cluster?.leader
      if (stream === undefined || name === undefined || name === '' || leader !== name) continue
      this.#leader = { name, url: node.url }
      return lagOf(stream, this.#what.consumer)
    }
    throw this.#notFound(`no node of the cluster leads consumer "${this.#what.consumer}" of stream "${this.#what.stream}"`)
  }

  #streamIn (jsz: Jsz): MonitoredStream | undefined {
    const { account, accountID = account, stream } = this.#what
    const isOurs = (found: { readonly id?: string, readonly name?: string }): boolean => found.id === accountID || (account !== undefined && found.name === account)
    return byName(jsz.account_details?.find(isOurs)?.stream_detail ?? []).get(stream)
  }

  #notFound (why: string): TidegateError { return new TidegateError('TG_SOURCE_NOT_FOUND', `${this.#what.endpoint}: ${why}`, { hint: missingHint }) }
}

/** Thousands look for theirs in one shared answer: it is indexed once. */
const indexed = new WeakMap<readonly MonitoredStream[], ReadonlyMap<string, MonitoredStream>>()

function byName (streams: readonly MonitoredStream[]): ReadonlyMap<string, MonitoredStream> {
  const known = indexed.get(streams)
  if (known !== undefined) return known
  const index = new Map(streams.map(stream => [stream.name ?? '', stream]))
  indexed.set(streams, index)
  return index
}

async function askJsz (ask: Ask, url: string): Promise<Jsz> {
  const answer = await ask(url)
  if (typeof answer !== 'object' || answer === null) throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${url} answered with something that is no JetStream report`)
  return answer
}
