import { errorMessage } from '../core/errors.js'
import { names } from '../core/names.js'
import type { Clock, Log } from '../runtime/ports.js'
import { Examiner } from './examiner.js'
import type { KubeHttp } from './api/http.js'
import { collectionPath, nameKey, type Wire } from './api/wire.js'

type Seen = ReadonlyMap<string, { readonly version: string, readonly holder: string }>
type WireLeases = { readonly items?: readonly Wire<{ readonly spec?: { readonly holderIdentity?: string } }>[] | null }

/** A lease that is held is renewed each second: two looks that are so far apart tell. */
const secondLookMs = 5_000
const againMs = 60_000

export interface OtherLeasesParts { readonly http: KubeHttp, readonly clock: Clock, readonly log: Log, readonly namespace: string }

/**
 * Warns, once for each holder, of operators that agree on a lease of another namespace: both believe that they work alone. Looks until the
 * signal aborts, where the leases of all namespaces may be listed. Never rejects.
 */
export async function warnOfOtherLeases (parts: OtherLeasesParts, signal: AbortSignal): Promise<void> {
  const { clock, log, namespace } = parts
  const own = nameKey({ namespace, name: names.product })
  const said = new Set<string>()
  if (!await mayLook(parts)) return
  let before = await look(parts)
  for (let waitMs = secondLookMs; !signal.aborted; waitMs = againMs) {
    await clock.sleep(waitMs, signal)
    const now = await look(parts)
    for (const [lease, { version, holder }] of now) {
      const last = before.get(lease)
      if (lease === own || last === undefined || last.version === version || holder === '' || said.has(holder)) continue
      said.add(holder)
      log.warn({ lease: own, other: lease, holder }, 'another operator works by another lease: both scale what both look at; give one --lease-namespace to all of them, or each its own --namespace')
    }
    before = now
  }
}

async function look ({ http, log }: OtherLeasesParts): Promise<Seen> {
  try {
    const query = new URLSearchParams({ fieldSelector: `metadata.name=${names.product}` }).toString()
    const { items } = await http.find<WireLeases>(`${collectionPath('coordination.k8s.io/v1', 'leases')}?${query}`) ?? {}
    return new Map((items ?? []).map(({ metadata, spec }) => [nameKey(metadata), { version: metadata.resourceVersion ?? '', holder: spec?.holderIdentity ?? '' }]))
  } catch (error) {
    log.debug({ err: errorMessage(error) }, 'leases of other namespaces could not be looked at')
    return new Map()
  }
}

/** The shipped rights of a pod end at its own lease; a person at a desk has most often more. */
const mayLook = ({ http, log }: OtherLeasesParts): Promise<boolean> =>
  new Examiner(http).missing([{ group: 'coordination.k8s.io', resource: 'leases', verb: 'list', scope: 'cluster', name: names.product }], undefined)
    .then(missing => missing.length === 0, (error: unknown) => {
      log.debug({ err: errorMessage(error) }, 'whether leases of other namespaces may be looked at could not be asked')
      return false
    })
