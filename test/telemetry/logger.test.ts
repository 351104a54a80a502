import { describe, expect, it } from 'vitest'
import { TidegateError } from '../../src/core/errors.js'
import { Secret } from '../../src/spec/secret.js'
import { logger, type LoggerOptions } from '../../src/telemetry/logger.js'
import { scrub } from '../../src/telemetry/scrub.js'

async function written (options: Partial<LoggerOptions>, ...entries: [Record<string, unknown>, string][]): Promise<string[]> {
  const lines: string[] = []
  const log = await logger({ level: 'info', destination: { write: line => lines.push(line) }, ...options })
  for (const [fields, message] of entries) log.info(fields, message)
  log.debug({}, 'not at this level')
  return lines
}

describe('logger', () => {
  it('writes one line of JSON per entry', async () => {
    const [line = '', ...more] = await written({}, [{ from: 1, to: 3 }, 'scaled'])
    expect(more).toEqual([])
    expect(line.endsWith('\n')).toBe(true)
    expect(JSON.parse(line)).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/) as string, from: 1, to: 3, msg: 'scaled' })
  })

  it('writes errors under any key, with code, hint and cause, and secrets as stars', async () => {
    const error = new TidegateError('TG_SOURCE_REFUSED', 'queue "a": refused', { cause: new Error('403'), hint: 'look at the key' })
    const [line = ''] = await written({}, [{ err: error, why: error, key: new Secret('hunter2'), deep: { key: new Secret('hunter2') } }, 'away'])
    const entry = JSON.parse(line) as Record<string, unknown>
    const expected = { message: 'queue "a": refused', code: 'TG_SOURCE_REFUSED', hint: 'look at the key', stack: expect.stringContaining('TidegateError') as string, cause: { message: '403' } }
    expect(entry['err']).toMatchObject(expected)
    expect(entry['why']).toMatchObject(expected)
    expect(entry).toMatchObject({ key: '***', deep: { key: '***' } })
    expect(line).not.toContain('hunter2')
  })

  it('scrubs credentials wherever they stand, and the line stays JSON', async () => {
    const text = 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SGVsbG8hunter2==;EndpointSuffix=x'
    const lines = await written({},
      [{ err: new Error(`bad: ${text}`, { cause: new Error('nats://bob:hunter2@broker:4222') }) }, 'a'],
      [{ a: { b: [{ c: `password=hunter2"x\\hunter2` }] }, password: 'hunter2"\\hunter2' }, 'b'],
      [{ url: 'https://a.queue.core.windows.net/q?sv=1&sig=hunter2%3D&se=2' }, 'c'],
      [{ headers: 'Authorization: Bearer hunter2' }, 'token=hunter2'])
    for (const line of lines) {
      expect(() => { JSON.parse(line) }).not.toThrow()
      expect(line).not.toContain('hunter2')
    }
    expect(lines[0]).toContain('AccountName=a;AccountKey=***;EndpointSuffix=x')
    expect(lines[0]).toContain('nats://***@broker:4222')
    expect(lines[2]).toContain('?sv=1&sig=***&se=2')
  })

  it('writes for people when asked', async () => {
    const [line] = await written({ pretty: true }, [{ trigger: 'audit', because: 'no answer', err: new Error('x y'), n: 3 }, 'delivery failed'])
    expect(line).toMatch(/^\d\d:\d\d:\d\d info {2}delivery failed {2}trigger=audit because="no answer" err="x y" n=3\n$/)
  })
})

describe('scrub', () => {
  it('leaves alone what is no credential', () => {
    for (const text of ['tokens=3 seconds', 'http://host:80/a@b?x=1', 'the password is wrong', 'nats://broker:4222', 'AccountName=a']) expect(scrub(text)).toBe(text)
  })

  it.each([
    ['SharedAccessSignature=sv=2021&ss=q&sig=abc', 'SharedAccessSignature=***'],
    ['Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=abc=', 'Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=***'],
    ['postgres://u:p@h/db', 'postgres://***@h/db'],
    ['Password=a b', 'Password=*** b'],
    ['SharedKey account:abc=', 'SharedKey ***'],
  ])('%s', (text, clean) => { expect(scrub(text)).toBe(clean) })
})
