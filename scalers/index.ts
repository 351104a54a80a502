import { natsJetstream } from './nats-jetstream.js'

/** Every scaler that comes with Tidegate, sorted by type. */
export const scalers = [natsJetstream] as const
