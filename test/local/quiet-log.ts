import type { Log } from '../../src/runtime/ports.js'

const say = (): void => undefined
export const quietLog: Log = { debug: say, info: say, warn: say, error: (fields, message) => console.error(message, fields) }
