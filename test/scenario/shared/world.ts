import type { Condition } from '../../../src/runtime/ports.js'
import type { KubeObject } from '../../servers/kube.js'
import type { Run } from '../harness.js'

/** Where a scenario is played: on one machine, or in a cluster. */
export interface World {
  /** A folder of the scenario's own. */
  readonly dir: string
  /** Every Tidegate that was started, the last one last. */
  readonly runs: readonly Run[]
  readonly recordFile: string
  put(objects: readonly KubeObject[]): Promise<void>
  edit(kind: string, name: string, patch: Readonly<Record<string, unknown>>): Promise<void>
  delete(kind: string, name: string): Promise<void>
  /** Starts Tidegate and waits until it is ready. */
  start(): Promise<void>
  counts(deployment: string): Promise<{ readonly spec: number, readonly status: number, readonly ready: number } | undefined>
  conditions(kind: string, name: string): Promise<readonly Condition[]>
  /** Processes of the replicas. */
  pids(): readonly number[]
}
