import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { around, bits, instead, integer, octets, oid, sequence, set, time, utf8, yes } from './der.js'

/** A key and its certificate, PEM. */
export interface KeyPair { readonly key: string, readonly certificate: string }

/** Milliseconds since 1970. */
interface Validity { readonly from: number, readonly until: number }

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const subjectAlternativeName = '2.5.29.17'
/** A client whose clock is behind sees a new certificate as valid too. */
const leewayMs = 3_600_000

/** An authority of our own, P-256, trusted by whoever is given its certificate and by nobody else. */
export function makeAuthority (commonName: string, validity: Validity): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [extension('2.5.29.19', sequence(yes), true), extension('2.5.29.15', bits(Buffer.from([0x06]), 1), true)]
  return { key: pemOf(privateKey), certificate: certificate(commonName, publicKey, extensions, { commonName, privateKey }, validity) }
}

/** A certificate of a server under these names and IPv4 addresses, with a key of its own. */
export function issue ({ key, certificate: issuer }: KeyPair, hosts: readonly string[], validity: Validity): KeyPair {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const alternative = (host: string): Buffer => /^[\d.]+$/.test(host) ? instead(7, Buffer.from(host.split('.').map(Number))) : instead(2, Buffer.from(host))
  const extensions = [extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))), extension(subjectAlternativeName, sequence(...hosts.map(alternative)))]
  const authority = { commonName: commonNameOf(issuer), privateKey: createPrivateKey(key) }
  // A common name may have 64 characters; the names that count stand beside it.
  return { key: pemOf(own.privateKey), certificate: certificate((hosts[0] ?? '').slice(0, 64), own.publicKey, extensions, authority, validity) }
}

/** When a certificate ends, milliseconds since 1970; of text that is none, long ago. */
export const endOf = (pem: string): number => {
  const read = readCertificate(pem)
  return read === undefined ? 0 : Date.parse(read.validTo)
}

/** Whether a pair is whole, is signed by this authority, and speaks for every one of these hosts. */
export function serves ({ key, certificate: pem }: KeyPair, authority: string, hosts: readonly string[]): boolean {
  const [own, issuer] = [readCertificate(pem), readCertificate(authority)]
  if (own === undefined || issuer === undefined) return false
  return isKeyOf(key, own) && own.verify(issuer.publicKey) && hosts.every(host => (/^[\d.]+$/.test(host) ? own.checkIP(host) : own.checkHost(host)) !== undefined)
}

/** Whether a pair can sign. */
export function signs ({ key, certificate: pem }: KeyPair): boolean {
  const own = readCertificate(pem)
  return own?.ca === true && isKeyOf(key, own)
}

function isKeyOf (key: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch (error) {
    if (error instanceof Error) return false // text that is no key
    throw error
  }
}

function readCertificate (pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    if (error instanceof Error) return undefined // text that is no certificate
    throw error
  }
}

const commonNameOf = (pem: string): string => /^CN=(.*)$/m.exec(readCertificate(pem)?.subject ?? '')?.[1] ?? ''
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

interface Issuer { readonly commonName: string, readonly privateKey: KeyObject }

function certificate (commonName: string, key: KeyObject, extensions: readonly Buffer[], issuer: Issuer, { from, until }: Validity): string {
  const body = sequence(
    around(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])), // a leading 1: never negative, never with a zero in front
    ecdsaWithSha256,
    nameOf(issuer.commonName),
    sequence(time(new Date(from - leewayMs)), time(new Date(until))),
    nameOf(commonName),
    key.export({ type: 'spki', format: 'der' }),
    around(3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, { key: issuer.privateKey, dsaEncoding: 'der' })
  const whole = sequence(body, ecdsaWithSha256, bits(signature)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${whole.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))))

const extension = (id: string, content: Buffer, isCritical = false): Buffer => sequence(oid(id), ...(isCritical ? [yes] : []), octets(content))
