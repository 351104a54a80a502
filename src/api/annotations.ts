import type { EpochMs } from '../core/clock.js'
import { annotation, names } from '../core/names.js'
import { didYouMean, readDocument, type Parsed, type Problem } from '../spec/index.js'
import { boolFromText } from '../spec/text.js'
import { behaviorField, type Behavior } from './behavior.js'

type Annotations = Readonly<Record<string, string>>

/** Annotations that KEDA reads on a ScaledObject or ScaledJob. */
const keda = (name: string): string => `autoscaling.${names.kedaGroup}/${name}`

/** Ours, by the word after the prefix, with what they do. */
export const ownAnnotations = {
  claim: 'Hands an object over from a live KEDA: its pause then means that KEDA is out.',
  paused: 'Holds the count.',
  'paused-until': 'Instant, as 2026-07-01T06:00:00Z, at which every pause of the object ends by itself; with no other pause it holds the count until then.',
  'paused-replicas': 'Holds this count.',
  'paused-scale-in': 'Lowers nothing.',
  'paused-scale-out': 'Raises nothing.',
  'force-activation': 'Counts as active whatever the sources say.',
  'max-step': 'Most replicas that one write adds or removes.',
  behavior: '"hpa-defaults" gives the rates of a HorizontalPodAutoscaler.',
  unit: '"replicas": the formula (scalingModifiers) gives a number of replicas, and needs no target.',
  objective: 'Scales by a time to drain the backlog.',
  'allow-triggers-from': 'On a Service, Deployment or Knative Service: namespaces whose Triggers may call it and scale it, with commas between; * for all.',
  'adopted-behavior': 'Written by the operator: rates of a HorizontalPodAutoscaler whose place was taken; the spec\'s own win.',
  memory: 'Written by the operator.',
  state: 'Written by the operator.',
  'local-command': 'What a container without a command runs on one machine.',
} as const

/** Whether a function with these annotations takes Triggers of another namespace. */
export function allowsTriggersFrom (annotations: Annotations, namespace: string): boolean {
  const allowed = (annotations[annotation('allow-triggers-from')] ?? '').split(',').map(name => name.trim())
  return allowed.includes('*') || allowed.includes(namespace)
}

/** What the annotations of one object say about its scaling. */
export interface ScalingAnnotations {
  readonly claimed: boolean
  readonly paused: boolean
  readonly pausedReplicas?: number
  readonly pausedScaleIn: boolean
  readonly pausedScaleOut: boolean
  readonly pausedUntil?: EpochMs
  readonly forceActivation: boolean
  readonly maxStep?: number
  readonly hpaDefaults: boolean
}

/** On a claimed object KEDA's two whole pauses are addressed to KEDA, and only ours pause us. */
export function scalingAnnotations (annotations: Annotations): ScalingAnnotations {
  const claimed = isOn(annotations[annotation('claim')])
  const either = (name: string): string | undefined => annotations[annotation(name)] ?? annotations[keda(name)]
  const ours = (name: string): string | undefined => claimed ? annotations[annotation(name)] : either(name)
  const pausedReplicas = countFrom(ours('paused-replicas'))
  const pausedUntil = instantFrom(annotations[annotation('paused-until')])
  const maxStep = countFrom(annotations[annotation('max-step')])
  return {
    claimed,
    paused: isOn(ours('paused')),
    pausedScaleIn: isOn(either('paused-scale-in')),
    pausedScaleOut: isOn(either('paused-scale-out')),
    forceActivation: isOn(either('force-activation')),
    hpaDefaults: annotations[annotation('behavior')] === 'hpa-defaults',
    ...(pausedReplicas === undefined ? {} : { pausedReplicas }),
    ...(pausedUntil === undefined ? {} : { pausedUntil }),
    ...(maxStep === undefined ? {} : { maxStep }),
  }
}

/** Everything wrong with the annotations of an object that is scaled. */
export function scalingAnnotationProblems (annotations: Annotations): Problem[] {
  return [
    ...[annotation('paused-replicas'), keda('paused-replicas')].flatMap(key => needsCount(annotations, key, 0)),
    ...needsCount(annotations, annotation('max-step'), 1), ...untilProblems(annotations),
    ...behaviorProblems(annotations), ...unitProblems(annotations), ...adoptedProblems(annotations), ...objectiveProblems(annotations), ...unknownProblems(annotations),
  ]
}

const problem = (key: string, message: string, more: Partial<Problem> = {}): Problem =>
  ({ code: 'TG_CONFIG_INVALID', severity: 'error', path: ['metadata', 'annotations', key], message, ...more })

function needsCount (annotations: Annotations, key: string, least: number): Problem[] {
  const text = annotations[key]
  const count = countFrom(text)
  if (text === undefined || (count !== undefined && count >= least)) return []
  return [problem(key, `"${text}" is not a whole number of at least ${least}`, { hint: 'for example "3"' })]
}

function untilProblems (annotations: Annotations): Problem[] {
  const text = annotations[annotation('paused-until')]
  return text === undefined || instantFrom(text) !== undefined ? []
    : [problem(annotation('paused-until'), `"${text}" is no instant of RFC 3339`, { hint: 'for example "2026-07-01T06:00:00Z" or "2026-07-01T08:00:00+02:00"' })]
}

function behaviorProblems (annotations: Annotations): Problem[] {
  const text = annotations[annotation('behavior')]
  return text === undefined || text === 'hpa-defaults' ? [] : [problem(annotation('behavior'), `"${text}" is not hpa-defaults`, { hint: 'hpa-defaults is the only value' })]
}

function unitProblems (annotations: Annotations): Problem[] {
  const text = annotations[annotation('unit')]
  return text === undefined || text === 'replicas' ? [] : [problem(annotation('unit'), `"${text}" is not replicas`, { hint: 'replicas is the only value' })]
}

/** Rates that an autoscaler had before its place was taken. Undefined: none, or none that can be read. */
export function adoptedBehavior (annotations: Annotations): Behavior | undefined {
  const parsed = readAdopted(annotations)
  return parsed?.ok === true ? parsed.value : undefined
}

function readAdopted (annotations: Annotations): Parsed<Behavior | undefined> | undefined {
  const text = annotations[annotation('adopted-behavior')]
  return text === undefined ? undefined : readDocument(behaviorField, jsonFrom(text))
}

function adoptedProblems (annotations: Annotations): Problem[] {
  const parsed = readAdopted(annotations)
  return parsed?.ok === false ? [problem(annotation('adopted-behavior'), 'cannot be read, and is left out', { severity: 'warning', hint: 'remove it, or write advanced.horizontalPodAutoscalerConfig.behavior' })] : []
}

function objectiveProblems (annotations: Annotations): Problem[] {
  return annotations[annotation('objective')] === undefined ? []
    : [problem(annotation('objective'), 'is not built yet', { code: 'TG_CONFIG_NOT_BUILT', hint: 'set the target value of the triggers instead' })]
}

function unknownProblems (annotations: Annotations): Problem[] {
  const known = Object.keys(ownAnnotations).map(annotation)
  return Object.keys(annotations).filter(key => key.startsWith(names.annotationPrefix) && !known.includes(key)).map(key => {
    const hint = didYouMean(key, known)
    return problem(key, 'no such annotation', { code: 'TG_CONFIG_UNKNOWN_FIELD', severity: 'warning', ...(hint === undefined ? {} : { hint }) })
  })
}

/** Present means true unless Go's ParseBool says false: KEDA pauses on `paused: ""` and on `paused: "yes"`. */
const isOn = (text: string | undefined): boolean => text !== undefined && boolFromText(text) !== false

function countFrom (text: string | undefined): number | undefined {
  return text !== undefined && /^\+?\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** RFC 3339: a date, a time and the distance from UTC, all three. */
function instantFrom (text: string | undefined): EpochMs | undefined {
  const written = /^(\d{4}-\d\d-(\d\d))[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)([Zz]|[+-]\d\d:\d\d)$/.exec(text ?? '')
  if (written === null) return undefined
  const [, date = '', day = '', time = '', zone = ''] = written
  const isDay = new Date(`${date}T00:00:00Z`).getUTCDate() === Number(day) // the 31st of February would be the 3rd of March
  const at = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  return isDay && Number.isFinite(at) ? at : undefined
}

/** What is no JSON reads as text, which is no mapping. */
function jsonFrom (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
