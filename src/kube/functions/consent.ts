import { allowsTriggersFrom } from '../../api/index.js'
import { annotation } from '../../core/names.js'
import type { FunctionRef, FunctionState } from '../../runtime/ports.js'
import type { ObjectMeta } from '../api/wire.js'

/** The word of a function's owner on Triggers of other namespaces: his annotation, as it is kept. */
export type Consent = Readonly<Record<string, string>>

const key = annotation('allow-triggers-from')
const none: Consent = {}

export const consentOf = ({ annotations }: ObjectMeta): Consent => annotations?.[key] === undefined ? none : { [key]: annotations[key] }

/** Whoever may write a Trigger in one namespace would otherwise call, and scale, whatever runs in another. */
export const isAllowed = ({ namespace, from }: FunctionRef, consent: Consent): boolean =>
  from === undefined || from === namespace || allowsTriggersFrom(consent, from)

export function notAllowed ({ namespace, name, from = '' }: FunctionRef): FunctionState {
  const message = `TG_REF_NOT_ALLOWED ${namespace}/${name} takes no Triggers of namespace ${from}; its owner allows them with the annotation ${key}: ${from}`
  return { target: undefined, endpoints: [], trouble: { reason: 'NamespaceNotAllowed', message } }
}
