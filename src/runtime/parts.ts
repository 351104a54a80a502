import type { Registry } from '../registry/registry.js'
import type { WorkloadIdentity, Workloads } from '../plugin/kit.js'
import type { Defaults } from './configs.js'
import type {
  AuthFiles, Clock, DecisionLog, EndpointSource, EventSink, FunctionEndpoint, JobRunner, Log, ObjectReader, Ownership, ResourceSource, ScaleTarget, StateStore, StatusSink, Telemetry,
} from './ports.js'

/** Everything the loops are given: ports, and what the user set for the whole process. */
export interface SystemParts {
  readonly resources: ResourceSource
  readonly objects: ObjectReader
  readonly targets: ScaleTarget
  readonly jobs: JobRunner
  readonly endpoints: EndpointSource
  readonly functions: FunctionEndpoint
  readonly state: StateStore
  readonly ownership: Ownership
  readonly status: StatusSink
  readonly events: EventSink
  readonly decisions: DecisionLog
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly registry: Registry
  /** `defaults` of tidegate.yaml as they are now. */
  readonly defaults: () => Defaults
  readonly authFiles: AuthFiles
  /** Where the Secrets of ClusterTriggerAuthentications are. */
  readonly clusterObjectNamespace: string
  /** Decides and compares with what others do; sets no count. */
  readonly shadow?: boolean
  /** The only namespace whose Secrets are read; undefined: each where it is named. */
  readonly secretsOnlyFrom?: string | undefined
  readonly workloadIdentity?: WorkloadIdentity
  /** Counts of pods, for the scalers that ask. */
  readonly workloads?: Workloads
}
