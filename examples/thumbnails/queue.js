import { QueueServiceClient } from '@azure/storage-queue'

/** The queue of uploaded pictures, and the one for those that cannot be read; named by the connection string all Azure workers use. */
export function uploads () {
  const storage = process.env.AzureWebJobsStorage
  if (!storage) {
    console.error('AzureWebJobsStorage is not set: it holds the connection string of the storage account')
    process.exit(2)
  }
  const service = QueueServiceClient.fromConnectionString(storage)
  return { queue: service.getQueueClient('uploads'), poison: service.getQueueClient('uploads-poison') }
}
