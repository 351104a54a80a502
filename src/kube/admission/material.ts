import { randomBytes } from 'node:crypto'
import { endOf, issue, makeAuthority, serves, signs, type KeyPair } from './certificates.js'

/** What the webhook is served with, as it is kept between the replicas. */
export interface Material {
  readonly authority: KeyPair
  /** Certificates of authorities that callers are to trust, the newest first: the one before stays until it ends, for replicas that still serve with it. */
  readonly trusted: readonly string[]
  readonly serving: KeyPair
}

const dayMs = 86_400_000
const authorityLivesMs = 3650 * dayMs
const authorityRenewedBeforeMs = 365 * dayMs
const servingLivesMs = 90 * dayMs
const servingRenewedBeforeMs = 30 * dayMs

/** What is kept itself where it is good for a while; else what is to take its place. `hosts`: names the webhook is called by. */
export function renewed (kept: Material | undefined, hosts: readonly string[], now: number): Material {
  if (kept === undefined || !signs(kept.authority) || endOf(kept.authority.certificate) - now < authorityRenewedBeforeMs) return withNewAuthority(kept, hosts, now)
  if (endOf(kept.serving.certificate) - now >= servingRenewedBeforeMs && serves(kept.serving, kept.authority.certificate, hosts)) return kept
  return { ...kept, serving: issue(kept.authority, hosts, { from: now, until: now + servingLivesMs }) }
}

function withNewAuthority (kept: Material | undefined, hosts: readonly string[], now: number): Material {
  // A name of its own: two authorities of one name are hard to tell apart for who verifies.
  const authority = makeAuthority(`tidegate-webhook-${randomBytes(4).toString('hex')}`, { from: now, until: now + authorityLivesMs })
  const before = (kept?.trusted ?? []).filter(pem => endOf(pem) > now).slice(0, 1)
  return { authority, trusted: [authority.certificate, ...before], serving: issue(authority, hosts, { from: now, until: now + servingLivesMs }) }
}

/** As the data of a Secret of type kubernetes.io/tls. */
export const toData = ({ authority, trusted, serving }: Material): Readonly<Record<string, string>> => Object.fromEntries(Object.entries({
  'ca.crt': trusted.join(''), 'ca.key': authority.key, 'tls.crt': serving.certificate, 'tls.key': serving.key,
}).map(([name, text]) => [name, Buffer.from(text).toString('base64')]))

/** Undefined where a part is missing. */
export function fromData (data: Readonly<Record<string, string>>): Material | undefined {
  const [bundle, authorityKey, certificate, key] = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'].map(name => Buffer.from(data[name] ?? '', 'base64').toString())
  const trusted = bundle?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
  if (trusted[0] === undefined || authorityKey === undefined || certificate === undefined || key === undefined) return undefined
  return { authority: { key: authorityKey, certificate: trusted[0] }, trusted, serving: { key, certificate } }
}
