/**
 * How soon a rotated credential is noticed, milliseconds. Whoever uses one resolves it every `resolveEveryMs`, with Secrets and ConfigMaps that may be
 * `usualAgeMs` old: together a minute, and each object is read about once a minute however many refer to it.
 */
export const resolveEveryMs = 20_000
export const usualAgeMs = 40_000
/** After a refusal by the source: at once, but not again and again for many who were refused together. */
export const readAgainAfterMs = 1_000
