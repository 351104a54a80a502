import { join } from 'node:path'

/** In a cluster a volume that all replicas share; beside this file otherwise. */
const dataDir = process.env.DATA_DIR ?? join(import.meta.dirname, 'data')

export const picturesDir = join(dataDir, 'pictures')
export const thumbnailsDir = join(dataDir, 'thumbnails')
export const workLog = join(dataDir, 'work.log')
