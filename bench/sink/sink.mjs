// The same sink where Go is not installed: PORT, SINK_COUNTER, 204. The count is written every two milliseconds.
import { openSync, readSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'

process.title = 'tidegate-sink' // the harness tells it from the subject that starts it by this name
const counter = openSync(process.env.SINK_COUNTER, 'r+')
const page = Buffer.alloc(8)
readSync(counter, page, 0, 8, 0)
let count = page.readBigUInt64LE() // goes on from the last sink on this file, as the one in Go does

setInterval(() => {
  if (page.readBigUInt64LE() === count) return
  page.writeBigUInt64LE(count)
  writeSync(counter, page, 0, 8, 0)
}, 2)

createServer((request, response) => {
  request.resume().on('end', () => {
    count++
    response.writeHead(204).end()
  })
}).listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'))
