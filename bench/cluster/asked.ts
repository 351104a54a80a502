import type { AuditEntry } from '../../test/servers/kube.js'

const isRead = ({ verb }: AuditEntry): boolean => verb === 'get' || verb === 'list'
const isLease = ({ resource }: AuditEntry): boolean => resource === 'leases'

/** What one user did in a part of the audit log, beside its lease. */
export interface Asked {
  /** GETs and lists; a watch counts as nothing. */
  readonly reads: number
  readonly writes: number
  /** Writes of counts among them. */
  readonly scaleWrites: number
  /** Writes by resource and verb. */
  readonly byKind: Readonly<Record<string, number>>
}

export function askedBy (user: string, entries: readonly AuditEntry[]): Asked {
  const own = entries.filter(entry => entry.user === user && !isLease(entry))
  const writes = own.filter(entry => !isRead(entry) && entry.verb !== 'watch')
  const byKind: Record<string, number> = {}
  for (const { verb, resource } of writes) byKind[`${verb} ${resource}`] = (byKind[`${verb} ${resource}`] ?? 0) + 1
  return { reads: own.filter(isRead).length, writes: writes.length, scaleWrites: writes.filter(isScale).length, byKind }
}

export const isScale = ({ resource, verb }: AuditEntry): boolean => resource.endsWith('/scale') && (verb === 'patch' || verb === 'update')

/** Milliseconds since the epoch. */
export const timeOf = ({ at }: AuditEntry): number => Date.parse(at)
