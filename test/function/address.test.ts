import { describe, expect, it } from 'vitest'
import type { LookupFunction } from 'node:net'
import { isRefusedAddress, refusedHost } from '../../src/core/refused-address.js'
import { caller, event, httpServer, never, options } from './support.js'

describe('addresses that are never called', () => {
  it.each(['169.254.169.254', '169.254.0.1', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fd00:ec2::254', '100.100.100.200', '64:ff9b::a9fe:a9fe'])('refuses %s', address => {
    expect(isRefusedAddress(address)).toBe(true)
  })

  it.each(['127.0.0.1', '10.0.0.1', '::1', 'fd00::1', '169.253.0.1', '192.168.1.1', 'example.com'])('allows %s', address => {
    expect(isRefusedAddress(address)).toBe(false)
  })

  it('sees through brackets', () => {
    expect(refusedHost('[fe80::1]')).toContain('fe80::1 is link-local')
  })

  it.each(['http://169.254.169.254/', 'http://2852039166/', 'http://0xa9fea9fe/', 'http://[::ffff:169.254.169.254]/'])('does not connect to %s', async url => {
    await using endpoint = caller()
    const outcome = await endpoint.send({ id: 'a', url }, event, options, {}, never)
    expect(outcome).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('link-local') as string })
  })

  it('looks at what a name resolves to, at connect', async () => {
    await using server = await httpServer()
    const port = new URL(server.endpoint.url).port
    const lookup: LookupFunction = (host, _options, callback) => {
      callback(null, host === 'inside.test' ? [{ address: '10.0.0.1', family: 4 }, { address: '169.254.169.254', family: 4 }] : [{ address: '127.0.0.1', family: 4 }])
    }
    await using endpoint = caller({ lookup })
    expect(await endpoint.send({ id: 'a', url: `http://inside.test:${port}` }, event, options, {}, never))
      .toEqual({ kind: 'unreachable', message: `http://inside.test:${port}: inside.test: address 169.254.169.254 is link-local or of a metadata service and is never called` })
    expect(await endpoint.send({ id: 'b', url: `http://outside.test:${port}` }, event, options, {}, never)).toEqual({ kind: 'answered', status: 200 })
    expect(server.seen).toHaveLength(1)
  })
})
