import { StringDecoder } from 'node:string_decoder'

/** A line this long is no object of ours: etcd holds none of more than 1.5 MiB. */
const longest = 16 * 1024 * 1024

/** The lines of a stream; what follows the last line end is no line. */
export async function * linesOf (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > longest) throw new RangeError(`a line of more than ${longest} characters`)
    yield * parts.filter(part => part !== '')
  }
}
