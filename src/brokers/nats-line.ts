import type { NatsConnection } from 'nats'
import { errorMessage, onAbort, TidegateError, type Clock } from '../plugin/index.js'

/** How the line to the server fares. */
export interface LineListener {
  /** A new session: what was subscribed is subscribed again, what was asked for is forgotten. */
  back?(): void
  /** Away for longer than the grace, or closed for good. */
  lost(error: TidegateError): void
}

export interface LineOptions { readonly address: string, readonly clock: Clock, readonly graceMs: number }

/** Tells how the line fares until the signal aborts. The client heals short breaks; they are told as `back` alone. */
export function watchLine (connection: NatsConnection, { address, clock, graceMs }: LineOptions, listener: LineListener, signal: AbortSignal): void {
  let cancel = (): void => undefined
  const lose = (why: string): void => listener.lost(new TidegateError('TG_SOURCE_UNREACHABLE', `lost the line to NATS at ${address}: ${why}`))
  const follower: Follower = change => {
    cancel()
    if (change.kind === 'closed') lose(change.why)
    if (change.kind === 'disconnect') cancel = clock.after(graceMs, () => lose(`no connection for ${graceMs} ms`))
    if (change.kind === 'reconnect') listener.back?.()
  }
  const followers = followersOf(connection)
  followers.add(follower)
  onAbort(signal, () => { cancel(); followers.delete(follower) })
}

type Change = { readonly kind: 'disconnect' | 'reconnect' } | { readonly kind: 'closed', readonly why: string }
type Follower = (change: Change) => void

/** One status loop a connection, whatever the number of its users: the client never forgets a status listener by itself. */
const lines = new WeakMap<NatsConnection, Set<Follower>>()

function followersOf (connection: NatsConnection): Set<Follower> {
  const known = lines.get(connection)
  if (known !== undefined) return known
  const followers = new Set<Follower>()
  lines.set(connection, followers)
  const tell = (change: Change): void => { for (const follower of [...followers]) follower(change) }
  const follow = async (): Promise<void> => {
    for await (const status of connection.status()) {
      const kind: string = status.type
      if (kind === 'disconnect' || kind === 'reconnect') tell({ kind })
    }
  }
  const closed = async (): Promise<void> => {
    const error = await connection.closed()
    tell({ kind: 'closed', why: error === undefined ? 'the connection was closed' : errorMessage(error) })
  }
  follow().catch((error: unknown) => tell({ kind: 'closed', why: errorMessage(error) }))
  closed().catch((error: unknown) => tell({ kind: 'closed', why: errorMessage(error) }))
  return followers
}
