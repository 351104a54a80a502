import type { Kit } from '../plugin/kit.js'
import { kitFor } from './kit.js'
import type { Overload } from './overload.js'
import type { SystemParts } from './parts.js'
import type { ConfigParts } from './configs.js'
import type { Refusals } from './refusals.js'
import type { Sharing } from './sharing.js'
import type { Wheel } from './wheel.js'

/** What all runs of one system have in common: the ports, and what is shared between objects. */
export interface Context extends SystemParts {
  readonly status: Refusals
  readonly sharing: Sharing
  readonly wheel: Wheel
  readonly overload: Overload
  readonly config: ConfigParts
  readonly nextSequence: () => number
}

/** The Kit of a plugin that serves this object. */
export const contextKit = (context: Context, owner: Kit['owner'], type: string): Kit => kitFor(owner, type, context)
