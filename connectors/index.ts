import { azureQueue } from './azure-queue.js'
import { cron } from './cron.js'
import { natsJetstream } from './nats-jetstream.js'
import { nats } from './nats.js'

/** Every connector that comes with Tidegate, sorted by type. */
export const connectors = [azureQueue, cron, nats, natsJetstream] as const
