import { httpServer, type HttpServer, type HttpServerOptions } from '../telemetry/http-server.js'
import type { StatusBoard } from './status-board.js'

/** The server of a process that tells what stands on a board; where TIDEGATE_TOKEN is set, `/status` wants it. */
export function statusServer (board: StatusBoard, options: Omit<HttpServerOptions, 'status' | 'token'>, { TIDEGATE_TOKEN: token }: Readonly<Record<string, string | undefined>>): HttpServer {
  return httpServer({ ...options, status: () => board.all(), ...(token === undefined ? {} : { token }) })
}
