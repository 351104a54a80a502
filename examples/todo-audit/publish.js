// `node publish.js [N]` adds N todo items (10); makes the stream first where it is not there.
import { connect } from 'nats'

const count = Number(process.argv[2] ?? 10)
const nats = await connect({ servers: process.env.NATS_URL ?? '127.0.0.1:14222' })
const manager = await nats.jetstreamManager()
await manager.streams.info('todo').catch(() => manager.streams.add({ name: 'todo', subjects: ['events.todo.>'] }))
for (let number = 1; number <= count; number++) {
  await nats.jetstream().publish('events.todo.newitem', JSON.stringify({ number, text: `item ${number}` }))
}
console.log(`${count} items published to events.todo.newitem`)
await nats.drain()
