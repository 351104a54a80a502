import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { around, bits, instead, integer, octets, oid, sequence, set, time, utf8, yes } from '../../../src/kube/admission/der.js'

/** A key and its certificate, PEM. */
export interface KeyPair { readonly key: string, readonly certificate: string }

export interface Subject {
  readonly commonName: string
  /** Kubernetes' groups of a user. */
  readonly organizations?: readonly string[]
  /** Names and IPv4 addresses of a server; without them it is a client's certificate. */
  readonly hosts?: readonly string[]
}

/** Signs certificates that live for a day. */
export interface Authority {
  readonly certificate: string
  issue(subject: Subject): KeyPair
}

const minuteMs = 60_000
const dayMs = 1440 * minuteMs
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

export function authority (commonName: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [extension('2.5.29.19', sequence(yes), true), extension('2.5.29.15', bits(Buffer.from([0x06]), 1), true)]
  return {
    certificate: certificate({ commonName }, publicKey, extensions, { commonName, privateKey }),
    issue (subject) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return {
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        certificate: certificate(subject, own.publicKey, leafExtensions(subject), { commonName, privateKey }),
      }
    },
  }
}

/** The RSA pair that service account tokens are signed and checked with. */
export function tokenKeys (): { readonly privateKey: string, readonly publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
}

interface Issuer { readonly commonName: string, readonly privateKey: KeyObject }

function certificate (subject: Subject, key: KeyObject, extensions: readonly Buffer[], issuer: Issuer): string {
  const now = Date.now()
  const body = sequence(
    around(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])), // a leading 1: never negative, never with a zero in front
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(time(new Date(now - 5 * minuteMs)), time(new Date(now + dayMs))),
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    around(3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, { key: issuer.privateKey, dsaEncoding: 'der' })
  const whole = sequence(body, ecdsaWithSha256, bits(signature)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${whole.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`
}

function nameOf ({ commonName, organizations = [] }: Subject): Buffer {
  const part = (type: string, text: string): Buffer => set(sequence(oid(type), utf8(text)))
  return sequence(...organizations.map(o => part('2.5.4.10', o)), part('2.5.4.3', commonName))
}

function leafExtensions ({ hosts }: Subject): readonly Buffer[] {
  const usage = (purpose: string): Buffer => extension('2.5.29.37', sequence(oid(purpose)))
  if (hosts === undefined) return [usage('1.3.6.1.5.5.7.3.2')]
  const alternative = (host: string): Buffer => /^[\d.]+$/.test(host) ? instead(7, Buffer.from(host.split('.').map(Number))) : instead(2, Buffer.from(host))
  return [usage('1.3.6.1.5.5.7.3.1'), extension('2.5.29.17', sequence(...hosts.map(alternative)))]
}

const extension = (id: string, content: Buffer, isCritical = false): Buffer => sequence(oid(id), ...(isCritical ? [yes] : []), octets(content))
