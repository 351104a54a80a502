import { connectors } from '../../connectors/index.js'
import { scalers } from '../../scalers/index.js'
import { emptyRegistry, type Registry } from '../registry/registry.js'

/** The scalers and connectors that come with Tidegate. */
export const builtins: Registry = emptyRegistry.with({ scalers, connectors })
