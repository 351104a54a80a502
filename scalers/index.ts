import { azureQueue } from './azure-queue.js'
import { cron } from './cron.js'
import { kubernetesWorkload } from './kubernetes-workload.js'
import { metricsApi } from './metrics-api.js'
import { natsJetstream } from './nats-jetstream.js'

/** Every scaler that comes with Tidegate, sorted by type. */
export const scalers = [azureQueue, cron, kubernetesWorkload, metricsApi, natsJetstream] as const
