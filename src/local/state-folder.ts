import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where the state of a manifest path lives unless told otherwise: `$XDG_STATE_HOME/tidegate/<hash>`, else below `~/.local/state`. */
export function stateFolderOf (manifestPath: string, env: NodeJS.ProcessEnv): string {
  const base = env['XDG_STATE_HOME']
  const root = base === undefined || base === '' ? join(env['HOME'] ?? homedir(), '.local', 'state') : base
  const hash = createHash('sha256').update(resolve(manifestPath)).digest('hex').slice(0, 16)
  return join(root, 'tidegate', hash)
}

/** A path as people write it: `~` for their home. */
export function belowHome (path: string, env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] ?? homedir()
  return home !== '' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

/** The places in one state folder. Only its owner may read it: records and state can hold what a user thinks private. */
export interface StateFolder {
  readonly path: string
  /** First line `PID IDENTITY` of the Tidegate that owns the folder; the guard reads it. */
  readonly lock: string
  readonly guard: string
  /** One record a process; the guard reads their first lines. */
  readonly replicas: string
  readonly deployments: string
  /** One file a Job of a ScaledJob. */
  readonly jobs: string
  readonly services: string
  readonly values: string
  readonly logs: string
}

export function stateFolder (path: string): StateFolder {
  const at = (name: string): string => join(path, name)
  return {
    path, lock: at('lock'), guard: at('guard'), replicas: at('replicas'), deployments: at('deployments'), jobs: at('jobs'),
    services: at('services'), values: at('values'), logs: at('logs'),
  }
}

/** Makes what is missing of the folder. */
export function makeFolders (folder: StateFolder): void {
  for (const path of [folder.path, folder.replicas, folder.deployments, folder.jobs, folder.services, folder.values, folder.logs]) {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  }
}

/** Object names are safe in a file name; what is not a DNS name is percent-encoded. */
export const fileNameOf = (...parts: readonly string[]): string => parts.map(part => encodeURIComponent(part)).join('.')
