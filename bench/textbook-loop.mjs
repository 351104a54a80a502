// The loop that one would write from the manuals of nats and undici: consume, POST, acknowledge; so many in flight.
// It is the yardstick of the bridge benchmark: no retry, no order, no metrics, no back-off, no configuration.
// node textbook-loop.mjs SERVERS STREAM CONSUMER URL [IN_FLIGHT]
import { connect } from 'nats'
import { Pool } from 'undici'

const [servers, stream, consumerName, url, inFlight = '64'] = process.argv.slice(2)
const { origin, pathname } = new URL(url)
const limit = Number(inFlight)

const connection = await connect({ servers })
const consumer = await connection.jetstream().consumers.get(stream, consumerName)
const pool = new Pool(origin, { connections: limit })

let free = limit
let onFree

async function deliver (message) {
  const { statusCode, body } = await pool.request({ path: pathname, method: 'POST', headers: { 'content-type': 'application/json' }, body: message.data })
  await body.dump()
  if (statusCode >= 200 && statusCode < 300) message.ack()
  else message.nak()
}

// A window of 1,000: with the default of 100 the broker, not this loop, is what is measured.
for await (const message of await consumer.consume({ max_messages: 1000 })) {
  if (free === 0) await new Promise(resolve => { onFree = resolve })
  free--
  deliver(message).finally(() => {
    free++
    onFree?.()
    onFree = undefined
  })
}
