import { createServer } from 'node:net'

/** Below the ranges that Linux (32768) and macOS (49152) take for outgoing connections: a port from there could be gone, or connect to itself, before the replica binds it. */
const lowest = 20_000
const highest = 31_999

/** Whether a TCP port on the loopback address can be bound now. */
export function isFree (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** A port that nobody listens on, not among `taken`. Throws when a hundred tries find none. */
export async function freePort (random: () => number, taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = lowest + Math.floor(random() * (highest - lowest + 1))
    if (!taken.has(port) && await isFree(port)) return port
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}
