import type { Deployment, Workload } from '../api/workload/index.js'
import type { Path, Problem } from '../spec/problem.js'

/**
 * One problem for each thing in a manifest that means something in a cluster and is not run on one machine: fields that nothing here reads, containers
 * after the first, ports that are not TCP, Services that are names of other hosts. Warnings, or errors where the user asked for strictness.
 */
export function notRun (workload: Workload, isStrict: boolean): readonly Problem[] {
  const told: { readonly path: Path, readonly message: string }[] = [
    ...workload.ignored.filter(path => !isInOtherContainer(path)).map(path => ({ path, message: 'is not run on one machine' })),
    ...workload.kind === 'Deployment' ? otherContainers(workload) : [],
    ...workload.kind === 'Service' ? unservedPorts(workload) : [],
  ]
  return told.map(({ path, message }) => ({ code: 'TG_CONFIG_NOT_LOCAL', severity: isStrict ? 'error' : 'warning', path, message, origin: workload.origin }))
}

const containers: Path = ['spec', 'template', 'spec', 'containers']

const isInOtherContainer = (path: Path): boolean =>
  containers.every((part, i) => path[i] === part) && typeof path[containers.length] === 'number' && path[containers.length] !== 0

const otherContainers = (deployment: Deployment) => deployment.spec.template.spec.containers.slice(1).map((container, i) =>
  ({ path: [...containers, i + 1], message: `container "${container.name}" is not run: one process a replica, from its first container` }))

function unservedPorts ({ spec }: Extract<Workload, { kind: 'Service' }>) {
  if (spec.type === 'ExternalName') return [{ path: ['spec', 'type'], message: 'names another host and is not served on one machine' }]
  return spec.ports.flatMap((port, i) => port.protocol === 'TCP' ? []
    : [{ path: ['spec', 'ports', i, 'protocol'], message: `port ${port.port} is not served: ${port.protocol} is not spoken on one machine` }])
}
