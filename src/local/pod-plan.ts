import { createHash } from 'node:crypto'
import { dirname, isAbsolute, resolve } from 'node:path'
import type { Container, Deployment } from '../api/workload/index.js'
import { annotation } from '../core/names.js'
import type { Problem } from '../spec/problem.js'

/** How a Deployment's replicas are run here: its first container, as one process group. */
export interface PodPlan {
  readonly namespace: string
  readonly deployment: string
  /** Changes when the template or the folder it runs in does; replicas of another hash are replaced. */
  readonly templateHash: string
  readonly labels: Readonly<Record<string, string>>
  readonly container: Container
  /** Before `$(VAR)` is replaced. */
  readonly command: readonly string[]
  readonly cwd: string
  readonly graceSeconds: number
}

/** A Deployment, or a ScaledJob as far as it is like one. */
type Templated = Pick<Deployment, 'metadata' | 'origin'> & { readonly spec: Pick<Deployment['spec'], 'template'> }

const localCommand = annotation('local-command')

/**
 * The plan of a Deployment, or the problem that stands against it. What runs is, in this order: the annotation `tidegate.dev/local-command` of the pod
 * template or of the Deployment, as a line for `/bin/sh -c` with the container's args as `$1`, `$2` …; or the container's command and args.
 */
export function podPlan (deployment: Templated): PodPlan | Problem {
  const { metadata, spec: { template }, origin } = deployment
  const [container] = template.spec.containers
  if (container === undefined) return { code: 'TG_CONFIG_MISSING', severity: 'error', path: ['spec', 'template', 'spec', 'containers'], message: 'has no container', origin }
  const line = template.metadata.annotations[localCommand] ?? metadata.annotations[localCommand]
  const command = line === undefined ? container.command : ['/bin/sh', '-c', line, metadata.name]
  if (command === undefined) return noCommand(deployment, container)
  const folder = origin.kind === 'file' ? dirname(resolve(origin.file)) : process.cwd()
  const workingDir = container.workingDir ?? '.'
  const cwd = isAbsolute(workingDir) ? workingDir : resolve(folder, workingDir)
  return {
    namespace: metadata.namespace,
    deployment: metadata.name,
    templateHash: createHash('sha256').update(JSON.stringify([template, line, cwd])).digest('hex').slice(0, 10),
    labels: template.metadata.labels,
    container,
    command: [...command, ...container.args],
    cwd,
    graceSeconds: template.spec.terminationGracePeriodSeconds,
  }
}

function noCommand (deployment: Templated, container: Container): Problem {
  const image = container.image === undefined ? '' : ` (image ${container.image})`
  return {
    code: 'TG_CONFIG_NOT_LOCAL',
    severity: 'error',
    path: ['spec', 'template', 'spec', 'containers', 0],
    message: `container "${container.name}"${image} has no command, and images are not run on one machine`,
    hint: `say what to run in the annotation ${localCommand} of the pod template, for example "node worker.js"`,
    origin: deployment.origin,
  }
}
