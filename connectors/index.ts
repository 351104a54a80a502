import { natsJetstream } from './nats-jetstream.js'
import { nats } from './nats.js'

/** Every connector that comes with Tidegate, sorted by type. */
export const connectors = [nats, natsJetstream] as const
