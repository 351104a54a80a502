import { azureQueue } from './azure-queue.js'
import { cron } from './cron.js'
import { natsJetstream } from './nats-jetstream.js'

/** Every scaler that comes with Tidegate, sorted by type. */
export const scalers = [azureQueue, cron, natsJetstream] as const
