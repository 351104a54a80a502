import type { Resource, ScaledObject, Trigger } from '../../api/index.js'
import type { KubeCluster, Standing } from '../../kube/index.js'
import { Authentications, isAuthentication } from '../../runtime/credentials/authentications.js'
import type { ConfigParts, Defaults } from '../../runtime/configs.js'
import type { AuthFiles, ObjectRef } from '../../runtime/ports.js'
import { targetOf } from '../../runtime/scaling/targets.js'
import type { Problem } from '../../spec/problem.js'

/** A cluster as it was found, and the settings that its operator works with. */
export interface Patient {
  readonly cluster: KubeCluster
  /** Empty: all. */
  readonly namespaces: readonly string[]
  readonly objects: readonly Seen[]
  readonly config: ConfigParts
}

/** One object, and whose it is; `resource` is undefined where it cannot be read. */
export interface Seen { readonly ref: ObjectRef, readonly standing: Standing, readonly resource: Resource | undefined, readonly problems: readonly Problem[] }

export interface Settings {
  readonly cluster: KubeCluster
  readonly namespaces: readonly string[]
  readonly clusterObjectNamespace: string | undefined
  readonly restrictSecrets: boolean
  readonly files: AuthFiles
  readonly defaults: Defaults
}

export function patientOf ({ cluster, namespaces, clusterObjectNamespace, restrictSecrets, files, defaults }: Settings): Patient {
  const objects = cluster.standings().map(({ ref, standing, parsed }) => ({ ref, standing, resource: parsed.ok ? parsed.value : undefined, problems: parsed.problems }))
  const authentications = new Authentications()
  for (const { ref, resource, problems } of objects) {
    if (resource?.kind === 'TriggerAuthentication' || resource?.kind === 'ClusterTriggerAuthentication') authentications.applied(ref, resource)
    else if (isAuthentication(ref)) authentications.refused(ref, problems)
  }
  return {
    cluster, namespaces, objects,
    config: {
      reader: cluster.objects, files, defaults: () => defaults, clusterObjectNamespace: clusterObjectNamespace ?? cluster.homeNamespace,
      secretsOnlyFrom: restrictSecrets ? cluster.homeNamespace : undefined, authentication: (kind, namespace, name) => authentications.find(kind, namespace, name),
    },
  }
}

/** What an object scales; of a Trigger, what stands behind its function now. */
export function targetIn (cluster: KubeCluster, resource: ScaledObject | Trigger): ObjectRef | undefined {
  if (resource.kind === 'ScaledObject') return targetOf(resource)
  const { name, namespace = resource.metadata.namespace, port } = resource.spec.function
  if (name === undefined) return undefined
  let target: ObjectRef | undefined
  cluster.endpoints.watch({ namespace, name, port }, state => { target = state?.target })()
  return target
}
