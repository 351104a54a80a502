// Takes one message at a time from the queue "uploads", makes the thumbnails of the picture it names, then deletes the message.
// A queue hands a message out again when a worker dies with it, so all of this may happen twice: the second time finds the work done.
import { setTimeout as sleep } from 'node:timers/promises'
import { uploads } from './queue.js'
import { makeThumbnails } from './thumbnails.js'
import { note } from './work-log.js'

const { queue, poison } = uploads()
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort()) // finish the picture in hand, then leave

while (!stopping.signal.aborted) {
  const message = await take()
  if (message === undefined) await sleep(200, undefined, { signal: stopping.signal }).catch(() => undefined)
  else await work(message)
}

async function take () {
  const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 1, visibilityTimeout: 30 })
  return receivedMessageItems[0]
}

async function work (message) {
  if (message.dequeueCount > 5) return setAside(message)
  const began = performance.now()
  try {
    const { picture } = JSON.parse(message.messageText)
    const repeat = await makeThumbnails(picture) === 'there already'
    await note({ picture, repeat, ms: Math.round(performance.now() - began), worker: process.pid })
    await queue.deleteMessage(message.messageId, message.popReceipt)
  } catch (error) {
    console.error(`${message.messageText}: ${error.message}; the queue hands it out again in 30 s`)
  }
}

async function setAside (message) {
  await poison.createIfNotExists()
  await poison.sendMessage(message.messageText)
  await queue.deleteMessage(message.messageId, message.popReceipt)
  console.error(`${message.messageText}: given up after 5 tries, kept in ${poison.name}`)
}
