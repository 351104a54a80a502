import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Backend { readonly host: string, readonly port: number }

/**
 * One TCP port that spreads its connections over the ready replicas, in turn. It wakes nobody: without a ready replica a connection is closed at once. What a
 * replica refuses goes to the next one, as long as not a byte was passed on. Bytes are piped with back-pressure, and each direction ends by itself.
 */
export interface ServiceListener {
  /** Resolves when bound; rejects when the port is taken. */
  listen(port: number): Promise<void>
  close(): Promise<void>
}

export function serviceListener (backends: () => readonly Backend[]): ServiceListener {
  const open = new Set<Socket>()
  let turn = 0
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
    open.add(client)
    client.once('close', () => open.delete(client))
    client.once('error', () => client.destroy())
    const ready = backends()
    const first = turn++
    tryNext(client, ready.map((_, i) => ready[(first + i) % ready.length]).filter(b => b !== undefined))
  })
  return {
    listen: port => new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: '127.0.0.1' }, () => {
        server.off('error', reject)
        resolve()
      })
    }),
    close: () => new Promise(resolve => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    }),
  }
}

function tryNext (client: Socket, [backend, ...others]: readonly Backend[]): void {
  if (backend === undefined || client.destroyed) {
    client.destroy()
    return
  }
  const replica = connect({ ...backend, allowHalfOpen: true })
  const onRefused = (): void => tryNext(client, others)
  replica.once('error', onRefused)
  replica.once('connect', () => {
    replica.off('error', onRefused)
    join(client, replica)
  })
  client.once('close', () => { if (replica.connecting) replica.destroy() })
}

/** Pipes both ways. A side that breaks breaks the other the same way, so that nobody takes a cut for an end. */
function join (client: Socket, replica: Socket): void {
  for (const [from, to] of [[client, replica], [replica, client]] as const) {
    from.setNoDelay(true)
    from.once('error', () => to.resetAndDestroy())
    from.once('close', () => { if (!from.readableEnded) to.destroy() })
    from.pipe(to)
  }
}
