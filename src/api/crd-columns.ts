/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  /** 1: only with `-o wide`. */
  readonly priority?: 1
}

const text = (name: string, jsonPath: string): PrinterColumn => ({ name, type: 'string', jsonPath })
const count = (name: string, jsonPath: string): PrinterColumn => ({ name, type: 'integer', jsonPath })
const wide = (column: PrinterColumn): PrinterColumn => ({ ...column, priority: 1 })
const condition = (type: string): PrinterColumn => text(type, `.status.conditions[?(@.type=="${type}")].status`)
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
/** A condition and the word for it. */
const explained = (type: string, name: string): readonly PrinterColumn[] => [condition(type), text(name, `.status.conditions[?(@.type=="${type}")].reason`)]
const triggers = text('Triggers', '.status.triggersTypes')
const authentications = text('Authentications', '.status.authenticationsTypes')

const target = [text('ScaleTargetKind', '.status.scaleTargetKind'), text('ScaleTargetName', '.spec.scaleTargetRef.name')]
const bounds = [count('Min', '.spec.minReplicaCount'), count('Max', '.spec.maxReplicaCount')]

/** KEDA's columns, in its order (keda.md f.6). */
const kedas: Readonly<Record<string, readonly PrinterColumn[]>> = {
  ScaledObject: [...target, ...bounds, condition('Ready'), condition('Active'), condition('Fallback'), condition('Paused'), triggers, authentications, age],
  ScaledJob: [...bounds, condition('Ready'), condition('Active'), condition('Paused'), triggers, authentications, age],
}

const authentication = (isCluster: boolean): readonly PrinterColumn[] => [
  text('PodIdentity', '.spec.podIdentity.provider'), text('Secret', '.spec.secretTargetRef[*].name'), text('Env', '.spec.env[*].name'),
  ...(isCluster ? [text('FilePath', '.spec.filePath')] : []), text('VaultAddress', '.spec.hashiCorpVault.address'),
  wide(text('ScaledObjects', '.status.scaledobjects')), wide(text('ScaledJobs', '.status.scaledjobs')), age,
]

/** Ours say why, and show what is rarely asked only when asked for more. */
const ours: Readonly<Record<string, readonly PrinterColumn[]>> = {
  ScaledObject: [
    text('Target', '.spec.scaleTargetRef.name'), ...bounds, ...explained('Ready', 'Reason'), ...explained('Active', 'Because'),
    wide(condition('Fallback')), wide(condition('Paused')), wide(triggers), wide(authentications), age,
  ],
  ScaledJob: [...bounds, ...explained('Ready', 'Reason'), ...explained('Active', 'Because'), wide(condition('Paused')), wide(triggers), wide(authentications), age],
  Trigger: [
    text('Source', '.status.source'), text('Function', '.status.function'), count('Max', '.spec.scale.max'), ...explained('Ready', 'Reason'), condition('Active'),
    wide(condition('FunctionReady')), wide(condition('CircuitClosed')), wide(condition('Paused')), age,
  ],
}

export const printerColumns = (kind: string, isKedas: boolean): readonly PrinterColumn[] =>
  (isKedas ? kedas : ours)[kind] ?? authentication(kind.startsWith('Cluster'))
