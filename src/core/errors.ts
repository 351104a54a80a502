/** What whoever meets the error should do: try again later, have a person mend the configuration, or give up. */
export type Remedy = 'retry' | 'fix-config' | 'give-up'

/**
 * The catalogue: code → remedy, one line, and what a person does about it. A code once used is never used again for something else.
 * Problems (configuration) and TidegateErrors (running) share it, so that lint, conditions, logs and docs say the same word.
 */
export const errorCatalogue = {
  // configuration
  TG_CONFIG_SYNTAX: ['fix-config', 'The YAML cannot be read.', 'mend the YAML at the line and column'],
  TG_CONFIG_UNKNOWN_KIND: ['fix-config', 'The apiVersion and kind name nothing that Tidegate knows.', 'mend apiVersion or kind; `tidegate kinds` lists them'],
  TG_CONFIG_UNKNOWN_FIELD: ['fix-config', 'A field that nothing reads; most often a typing error.', 'take the field that is proposed, or remove it'],
  TG_CONFIG_MISSING: ['fix-config', 'A required field is absent or empty.', 'add the field'],
  TG_CONFIG_INVALID: ['fix-config', 'A field has a value of the wrong type or outside its range.', 'write a value as the message says'],
  TG_CONFIG_CONFLICT: ['fix-config', 'Fields that exclude or contradict each other.', 'keep one of the fields'],
  TG_CONFIG_DUPLICATE: ['fix-config', 'Two objects or entries claim the same name or target.', 'rename or delete one of the two'],
  TG_CONFIG_NO_ADDRESS: ['fix-config', 'No address for a broker was found in any of the places that may hold it.', 'write the address in the object, or under `defaults` in tidegate.yaml'],
  TG_CONFIG_NOT_BUILT: ['fix-config', 'The field or kind is part of the design and is not built yet.', 'remove the field; the message names what works instead'],
  TG_CONFIG_NOT_LOCAL: ['fix-config', 'The kind or field has no meaning on one machine.', 'nothing where the object is meant for a cluster; else take what the message proposes'],
  TG_CONFIG_NOT_WATCHED: ['retry', 'The system does not tell when files change; they are read again by the clock.', 'nothing: the files are read again by the clock'],
  TG_SCALER_UNKNOWN: ['fix-config', 'No scaler of this type exists.', 'mend `type`; `tidegate scalers` lists those that there are'],
  TG_SCALER_NOT_BUILT: ['fix-config', 'KEDA has a scaler of this type; Tidegate does not have it yet.', 'leave the object to KEDA, or take another scaler; `tidegate scalers` lists them'],
  TG_CONNECTOR_UNKNOWN: ['fix-config', 'No connector of this type exists.', 'mend the key below `source`; `tidegate connectors` lists those that there are'],
  TG_REF_NOT_FOUND: ['fix-config', 'A referenced object (Secret, ConfigMap, TriggerAuthentication, target) does not exist.', 'create the object, or mend the name; it is looked for again by itself'],
  TG_REF_FORBIDDEN: ['fix-config', 'A referenced object may not be read with the rights that Tidegate has.', 'give the service account the right; `tidegate doctor --print-rbac` writes the Role'],
  TG_REF_NOT_ALLOWED: ['fix-config', 'A referenced object is of another namespace, whose owner has not allowed it.', 'ask the owner of that namespace for the annotation that the message names'],
  TG_PLUGIN_INVALID: ['fix-config', 'A plugin definition is incomplete or its type is taken.', 'mend the definition of the plugin, or give it another type'],
  // sources
  TG_SOURCE_UNREACHABLE: ['retry', 'The source did not answer.', 'it is tried again; look at the address, the network and whether the server runs'],
  TG_SOURCE_REFUSED: ['fix-config', 'The source answered and refused (authentication, permission).', 'mend the credentials, or what their user may do; it is tried again by itself'],
  TG_SOURCE_NOT_FOUND: ['fix-config', 'The source answered that the queue, stream, consumer or topic does not exist.', 'make it in the broker, or mend its name; it is looked for again by itself'],
  TG_SOURCE_BAD_ANSWER: ['retry', 'The source answered with something that cannot be understood.', 'it is tried again; look at whether the address is that of the right server, and at its version'],
  // targets and functions
  TG_TARGET_NOT_FOUND: ['fix-config', 'The scale target does not exist.', 'create the target, or mend its name; it is followed from then on'],
  TG_TARGET_CONFLICT: ['fix-config', 'Another object already scales this target.', 'delete one of those that scale the target, or give one another target'],
  TG_TARGET_START_FAILED: ['fix-config', 'A replica could not be started or ends as soon as it is started.', 'look at the log of the replica, and at its command and image'],
  TG_FUNCTION_UNREACHABLE: ['retry', 'The function endpoint did not answer.', 'it is tried again; look at the port and the log of the function'],
  // the program
  TG_STATE_LOCKED: ['fix-config', 'Another Tidegate runs on the same state folder.', 'stop the other one, or name another `--state-dir`'],
  TG_PORT_IN_USE: ['fix-config', 'A port that was asked for is taken.', 'end what listens there, or ask for another port'],
  TG_USAGE: ['fix-config', 'The command line cannot be understood.', 'see `tidegate --help`'],
  TG_INTERNAL: ['give-up', 'A defect in Tidegate.', 'report it, with the log'],
} as const satisfies Record<string, readonly [Remedy, string, string]>

export type ErrorCode = keyof typeof errorCatalogue

/** The one error class. `message` names the object and the place; the remedy belongs to the code. */
export class TidegateError extends Error {
  override readonly name = 'TidegateError'
  readonly code: ErrorCode
  /** What to do next, when there is something to say beyond the message. */
  readonly hint: string | undefined
  constructor (code: ErrorCode, message: string, options: { cause?: unknown, hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }

  get remedy (): Remedy { return errorCatalogue[this.code][0] }
}

/** Text for any thrown value; total. Node's AggregateError of a refused connection has an empty message, so its first cause speaks. */
export function errorMessage (thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '' && thrown.errors.length > 0) return errorMessage(thrown.errors[0])
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message
  return typeof thrown === 'string' ? thrown : JSON.stringify(thrown) ?? String(thrown)
}

/** The code of any thrown value; what is not ours counts as `fallback`. */
export function errorCode (thrown: unknown, fallback: ErrorCode): ErrorCode {
  return thrown instanceof TidegateError ? thrown.code : fallback
}
