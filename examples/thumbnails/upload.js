// `node upload.js [N] [--stay]` makes N pictures (60), then tells the queue of all of them at once; with --stay it waits to be ended, as a Deployment's process does.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { picturesDir } from './folders.js'
import { uploads } from './queue.js'

const count = Number(process.argv[2] ?? 60)
const pictures = Array.from({ length: count }, (_, i) => `picture-${String(i + 1).padStart(3, '0')}.jpg`)
const { queue } = uploads()

await mkdir(picturesDir, { recursive: true })
await queueIsThere()
await Promise.all(pictures.map((picture, i) => draw(picture, i + 1)))
await Promise.all(pictures.map(tell))
await tell(pictures[0]) // told twice, as queues do now and then: the worker must bear it
console.log(`${count} pictures uploaded`)
if (process.argv.includes('--stay')) setInterval(() => undefined, 1 << 30)

function tell (picture) {
  return queue.sendMessage(JSON.stringify({ picture }))
}

function draw (picture, number) {
  return sharp(Buffer.from(landscape(number))).jpeg({ quality: 90 }).toFile(join(picturesDir, picture))
}

/** The queue may be starting, as we are. */
async function queueIsThere () {
  for (const giveUpAt = Date.now() + 60_000; ;) {
    try {
      return await queue.createIfNotExists({ abortSignal: AbortSignal.timeout(1000) })
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
      await sleep(200)
    }
  }
}

/** Sun over two ranges of hills, each picture with its own light. */
function landscape (number) {
  const hue = (number * 47) % 360
  const sun = { x: 300 + (number * 331) % 1800, y: 350 + (number * 97) % 400 }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1067" viewBox="0 0 2400 1600">
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${hue} 60% 35%)"/><stop offset="1" stop-color="hsl(${hue + 50} 80% 75%)"/></linearGradient>
    <rect width="2400" height="1600" fill="url(#sky)"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="170" fill="hsl(45 100% 85%)"/>
    <path d="M0 1100 Q 500 ${700 + number * 3} 1100 1050 T 2400 900 V 1600 H 0 Z" fill="hsl(${hue + 20} 35% 35%)"/>
    <path d="M0 1300 Q 700 ${1000 + number * 2} 1400 1300 T 2400 1200 V 1600 H 0 Z" fill="hsl(${hue + 40} 40% 20%)"/>
  </svg>`
}
