import { componentsOf, isKedaScaler, type AuthenticationRef, type Component } from '../api/index.js'
import { names as productNames } from '../core/names.js'
import { checkConfig, didYouMean, type Names, type Origin, type Path, type Problem } from '../spec/index.js'
import { isMapping } from '../spec/read.js'
import type { AnyConnector, AnyScaler, Registry } from './registry.js'

/** What is known of the world around an object. */
export interface CheckContext {
  readonly registry: Registry
  /** Names that the credentials of a component provide; what cannot be known is undefined. */
  names(authenticationRef: AuthenticationRef | undefined): Names
  /** `defaults` of tidegate.yaml. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** An unknown metadata key of a keda.sh object: an error in lint; a warning when running, because KEDA ignores it and migration must not stop production. */
  readonly unknownKedaKeys: 'error' | 'warning'
}

/** What is checked: a resource, or a document as it was written. */
export interface Checked { readonly apiVersion?: unknown, readonly kind?: unknown, readonly spec?: unknown }

/** The problems of every plugin configuration in an object that can be found without secrets and without asking a source. */
export function checkResource (object: Checked, origin: Origin, context: CheckContext): readonly Problem[] {
  return componentsOf(object).flatMap(component => checkComponent(component, object, context)).map(problem => ({ ...problem, origin }))
}

function checkComponent (component: Component, object: Checked, context: CheckContext): readonly Problem[] {
  switch (component.role) {
    case 'scaler': return checkScaler(component, object, context)
    case 'source': return checkSource(component, context)
    case 'deadLetter': return unknownConnector(component, context.registry)
  }
}

function checkScaler (component: Component, object: Checked, context: CheckContext): readonly Problem[] {
  const definition = context.registry.scaler(component.name)
  if (definition === undefined) return [unknownScaler(component, context.registry)]
  const isKeda = object.apiVersion === productNames.kedaApiVersion
  return [
    ...check(definition, component, context, { mode: 'text', unknownKeys: isKeda ? context.unknownKedaKeys : 'error' }),
    ...missingTarget(definition, component, object),
    ...(component.useCachedMetrics && definition.refusesCachedMetrics === true && component.name !== 'cron'
      ? [error('TG_CONFIG_CONFLICT', [...component.path.slice(0, -1), 'useCachedMetrics'], `is not supported for the "${component.name}" scaler`, 'remove it')]
      : []),
  ]
}

/** A formula takes the number as it is; without one it is set against a target. */
function missingTarget ({ targetField, type }: AnyScaler, { values, path }: Component, { spec }: Checked): readonly Problem[] {
  if (targetField === undefined || (values[targetField] ?? '') !== '' || hasFormula(spec)) return []
  return [error('TG_CONFIG_MISSING', [...path, targetField], `"${type}" needs ${targetField}`, 'it may be left out only beside a formula (advanced.scalingModifiers)')]
}

const hasFormula = (spec: unknown): boolean => {
  const formula = at(spec, ['advanced', 'scalingModifiers', 'formula'])
  return formula !== undefined && formula !== ''
}

function checkSource (component: Component, context: CheckContext): readonly Problem[] {
  const definition = context.registry.connectorByKey(component.name)
  if (definition === undefined) return unknownConnector(component, context.registry)
  return [...check(definition, component, context, { mode: 'either', unknownKeys: 'error' }), ...missingAddress(definition, component, context)]
}

/** An address may stand in three places; where none of them has one, all three are named. */
function missingAddress ({ addressField: field, defaultsKey = '', type }: AnyConnector, component: Component, { defaults }: CheckContext): readonly Problem[] {
  if (field === undefined || component.authenticationRef !== undefined) return []
  const places = [component.values[field], component.values[`${field}FromEnv`], defaults[defaultsKey]?.[field]]
  if (places.some(place => place !== undefined && place !== null)) return []
  return [error('TG_CONFIG_NO_ADDRESS', component.path, `no address for "${type}"`,
    `write ${field} here, or defaults.${defaultsKey}.${field} in tidegate.yaml, or parameter ${field} in a TriggerAuthentication`)]
}

function check (definition: AnyScaler | AnyConnector, component: Component, context: CheckContext, how: { readonly mode: 'text' | 'either', readonly unknownKeys: 'error' | 'warning' }): readonly Problem[] {
  const fromDefaults = standIns(definition, context.defaults)
  const values = { ...fromDefaults, ...component.values }
  const names = context.names(component.authenticationRef)
  // `…FromEnv` of the defaults means Tidegate's own environment, of which nothing is known here.
  const isEnvKnown = !Object.keys(fromDefaults).some(key => key.endsWith('FromEnv') && component.values[key] === undefined)
  return checkConfig(definition.config, values, isEnvKnown ? names : { ...names, env: undefined }, { ...how, path: component.path, about: `"${definition.type}"` })
}

/** Those values of `defaults` that this definition declares: a scaler need not know every field of its broker. */
export function standIns ({ defaultsKey, config }: AnyScaler | AnyConnector, defaults: CheckContext['defaults']): Readonly<Record<string, unknown>> {
  const written = defaultsKey === undefined ? {} : defaults[defaultsKey] ?? {}
  return Object.fromEntries(Object.entries(written).filter(([key]) => key in config.fields || key.replace(/FromEnv$/, '') in config.fields))
}

/**
 * Wishes that a source which delivers at most once cannot keep, said before an event is lost over them. Takes the document
 * as it was written: defaults are nobody's wish.
 */
export function checkPromises (written: Checked, origin: Origin, registry: Registry): readonly Problem[] {
  const source = componentsOf(written).find(c => c.role === 'source')
  const definition = source === undefined ? undefined : registry.connectorByKey(source.name)
  if (definition?.guarantees.delivery !== 'at-most-once') return []
  const asked: readonly Path[] = [['spec', 'delivery', 'retry'], ['spec', 'deadLetter']]
  return asked.filter(path => at(written, path) !== undefined).map(path => ({
    code: 'TG_CONFIG_CONFLICT', severity: 'warning', path, origin,
    message: `"${definition.type}" delivers at most once: an event that waits for this is lost when Tidegate ends`,
    hint: 'use natsJetstream where no event may be lost',
  }))
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => isMapping(inner) ? inner[key] : undefined, value)

function unknownScaler ({ name, namePath }: Component, registry: Registry): Problem {
  if (isKedaScaler(name)) {
    return error('TG_SCALER_NOT_BUILT', namePath, `KEDA has a scaler "${name}"; it is not built here yet`, `built: ${registry.scalers.map(s => s.type).join(', ')}`)
  }
  return error('TG_SCALER_UNKNOWN', namePath, `no scaler "${name}"`, didYouMean(name, registry.scalers.map(s => s.type)) ?? 'see `tidegate scalers`')
}

function unknownConnector ({ name, namePath, role }: Component, registry: Registry): readonly Problem[] {
  if (registry.connectorByKey(name) !== undefined) return []
  const kind = role === 'deadLetter' ? 'destination' : 'source'
  return [error('TG_CONNECTOR_UNKNOWN', namePath, `no ${kind} "${name}"`, didYouMean(name, registry.connectors.map(c => c.sourceKey)) ?? 'see `tidegate connectors`')]
}

const error = (code: Problem['code'], path: Path, message: string, hint: string): Problem => ({ code, severity: 'error', path, message, hint })
