import { names } from '../core/names.js'
import { errorMessage } from '../core/errors.js'
import type { Log } from '../runtime/ports.js'
import type { Discovery } from './api/discovery.js'
import { Examiner } from './examiner.js'
import type { KubeHttp } from './api/http.js'
import type { Namespaces } from './api/namespaces.js'
import { objectPath } from './api/wire.js'

export interface AbsencesParts { readonly http: KubeHttp, readonly discovery: Discovery, readonly namespaces: Namespaces, readonly log: Log }

/** Warns of what would leave the operator without work and is most often a mistake: no kinds, or a namespace that is not there. Never rejects. */
export async function warnOfAbsences (parts: AbsencesParts): Promise<void> {
  const { namespaces, log } = parts
  try {
    await warnOfNoKinds(parts)
    for (const namespace of namespaces) {
      if (await isAbsent(namespace, parts)) log.warn({ namespace }, `namespace ${namespace} does not exist: there is nothing to work on in it until it does`)
    }
  } catch (error) {
    log.debug({ err: errorMessage(error) }, 'whether anything is absent could not be asked')
  }
}

async function warnOfNoKinds ({ discovery, log }: AbsencesParts): Promise<void> {
  const found = await Promise.all([names.apiVersion, names.kedaApiVersion].map(apiVersion => discovery.find(apiVersion, 'ScaledObject')))
  if (found.some(served => served !== undefined)) return
  log.warn({}, `no scaledobjects.${names.group} and none of ${names.kedaGroup} here: apply \`${names.product} crds\``)
}

/** Who may not read namespaces sees it by the ConfigMap that Kubernetes puts into each of them. */
async function isAbsent (namespace: string, { http }: AbsencesParts): Promise<boolean> {
  if (await http.find(objectPath('v1', 'configmaps', namespace, 'kube-root-ca.crt')) !== undefined) return false
  const toRead = { group: '', resource: 'namespaces', verb: 'get', scope: 'cluster', name: namespace } as const
  const [unknown] = await new Examiner(http).missing([toRead], undefined)
  return unknown !== undefined || await http.find(`/api/v1/namespaces/${encodeURIComponent(namespace)}`) === undefined
}
