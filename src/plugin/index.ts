// The only door a plugin sees. Third parties import it as `tidegate/plugin`.
export * from './component.js'
export * from './kit.js'
export * from './reading.js'
export * from './scaler.js'
export * from './connector.js'
export * from './signals.js'
export { names } from '../core/names.js'
export { TidegateError, errorMessage, errorCode, type ErrorCode } from '../core/errors.js'
export { parseDuration, formatDuration } from '../core/duration.js'
export { isRefusedAddress, refusalOf, refusedHost } from '../core/refused-address.js'
export { matchesSelector, parseSelector } from '../core/label-selector.js'
export type { Clock, EpochMs } from '../core/clock.js'
export type { Envelope } from '../core/delivery/types.js'
export {
  any, boolean, duration, integer, list, map, number, object, oneOf, query, secret, spec, string, Secret,
  quantityOf, type ConfigOf, type ConfigSpec, type Field, type Fields, type Identity, type Violation,
} from '../spec/index.js'
