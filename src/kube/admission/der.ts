/** The little of DER that a certificate is made of. */
const element = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])

function lengthOf (length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff])
}

export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, Buffer.concat(parts))
export const set = (...parts: readonly Buffer[]): Buffer => element(0x31, Buffer.concat(parts))
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text))
export const octets = (content: Buffer): Buffer => element(0x04, content)
export const yes = element(0x01, Buffer.from([0xff]))
/** `unused`: bits at the end of the last byte that do not count. */
export const bits = (content: Buffer, unused = 0): Buffer => element(0x03, Buffer.concat([Buffer.from([unused]), content]))
/** A number, given as its fewest two's complement bytes. */
export const integer = (content: Buffer): Buffer => element(0x02, content)
/** `[n]` around other elements. */
export const around = (n: number, ...parts: readonly Buffer[]): Buffer => element(0xa0 + n, Buffer.concat(parts))
/** `[n]` in place of a type's own tag. */
export const instead = (n: number, content: Buffer): Buffer => element(0x80 + n, content)

/** Valid until 2049, as UTCTime. */
export const time = (at: Date): Buffer => element(0x17, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '').slice(2)))

/** An object identifier in dotted form. */
export function oid (dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128 (n: number): number[] {
  const bytes = [n & 0x7f]
  for (let left = n >> 7; left > 0; left >>= 7) bytes.unshift(0x80 | (left & 0x7f))
  return bytes
}
