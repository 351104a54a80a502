// A function: answers a POST with what has been done so far. Nobody keeps it running; a Trigger wakes it.
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { thumbnailsDir } from './folders.js'
import { readWorkLog } from './work-log.js'

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.end('ready\n')
  const report = await count()
  console.log(JSON.stringify({ event: request.headers['ce-id'], ...report }))
  response.setHeader('content-type', 'application/json').end(JSON.stringify(report))
})

async function count () {
  const files = await readdir(thumbnailsDir).catch(() => [])
  const log = await readWorkLog()
  return { thumbnails: files.filter(file => file.endsWith('.webp')).length, pictures: new Set(log.map(entry => entry.picture)).size, repeats: log.filter(entry => entry.repeat).length }
}

server.listen(Number(process.env.PORT ?? 8080))
process.once('SIGTERM', () => server.close())
