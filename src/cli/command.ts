/** Where a command writes: one line a call. */
export interface Output { out(line: string): void, error(line: string): void }

/** 0: done. 1: there are problems. 2: the command line cannot be understood. */
export type ExitCode = 0 | 1 | 2

/** What `run` was asked for. */
export interface RunOptions {
  readonly filename: readonly string[]
  readonly recursive: boolean
  /** Undefined, or 0: a free one. */
  readonly port?: number
  readonly host: string
  readonly stateDir?: string
  readonly fresh: boolean
  readonly strict: boolean
  /** File that decisions are appended to. */
  readonly record?: string
  readonly filepathAuthRootPath?: string
  readonly logLevel: string
  readonly tui: boolean
}

/** What `operator` was asked for. */
export interface OperatorOptions {
  readonly kubeconfig?: string
  /** Names with commas between them. Undefined: all namespaces. */
  readonly namespace?: string
  readonly leaseNamespace?: string
  /** Undefined: that of the lease. */
  readonly clusterObjectNamespace?: string
  readonly restrictSecrets: boolean
  readonly filepathAuthRootPath?: string
  readonly shadow: boolean
  /** Whether metrics are served under KEDA's names too. */
  readonly kedaMetrics: boolean
  /** Whether the admission webhook is served. */
  readonly webhook: boolean
  readonly webhookPort: number
  readonly webhookName: string
  /** coexist or replace. */
  readonly keda: string
  readonly config?: string
  readonly port: number
  readonly host: string
  readonly record?: string
  readonly logLevel: string
}

/** What `doctor` was asked for. */
export interface DoctorOptions extends Pick<OperatorOptions, 'kubeconfig' | 'keda' | 'namespace' | 'leaseNamespace' | 'clusterObjectNamespace' | 'restrictSecrets' | 'filepathAuthRootPath' | 'config'> {
  /** Manifests that are to run on this machine; empty: the cluster. */
  readonly filename: readonly string[]
  readonly recursive: boolean
  /** `namespace/name` of the operator's account; undefined: our own rights are looked at. */
  readonly serviceAccount?: string
  readonly printRbac: boolean
  readonly output: 'text' | 'json'
}
