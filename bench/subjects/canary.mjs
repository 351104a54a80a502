// A bare POST loop of a fixed length. Its cost tells how quiet the machine is, nothing else. Prints CPU-µs per request.
// node canary.mjs URL REQUESTS
import { Pool } from 'undici'

const [url, requests] = process.argv.slice(2)
const { origin, pathname } = new URL(url)
const total = Number(requests)
const pool = new Pool(origin, { connections: 64 })
const options = { path: pathname, method: 'POST', headers: ['content-type', 'application/json'], body: Buffer.alloc(1024, 120) }

let sent = 0
let answered = 0
let atWarm

const handler = {
  onConnect () {},
  onHeaders: () => true,
  onData: () => true,
  onComplete () {
    if (++answered === Math.floor(total / 4)) atWarm = process.cpuUsage()
    if (answered === total) finish()
    else next()
  },
  onError (error) { throw error },
}

function next () {
  if (sent === total) return
  sent++
  pool.dispatch(options, handler)
}

function finish () {
  const { user, system } = process.cpuUsage(atWarm)
  process.stdout.write(`${((user + system) / (total - Math.floor(total / 4))).toFixed(3)}\n`)
  process.exit(0)
}

for (let i = 0; i < 64; i++) next()
