import { readFile } from 'node:fs/promises'

/** One request as the API server saw it; a watch counts once, when it begins. */
export interface AuditEntry {
  readonly user: string
  readonly userAgent: string
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'
  readonly uri: string
  /** `deployments`, `deployments/scale`; empty for what is no resource (`/readyz`, discovery). */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly status: number
  readonly at: string
  /** What was sent, for writes of counts and of our kinds. */
  readonly body?: unknown
}

/** Every request with its user agent. Bodies only of what tests look into; never of Secrets or tokens. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1', kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['system:apiserver'] },
    {
      level: 'Request', verbs: ['create', 'update', 'patch'],
      resources: [
        { group: 'apps', resources: ['*/scale'] }, { group: 'tidegate.dev', resources: ['*'] }, { group: 'keda.sh', resources: ['*'] },
        { group: 'autoscaling', resources: ['*'] }, { group: 'batch', resources: ['jobs'] },
      ],
    },
    { level: 'Metadata' },
  ],
}

interface Written {
  readonly stage: string
  readonly verb: AuditEntry['verb']
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly userAgent?: string
  readonly objectRef?: { readonly resource?: string, readonly subresource?: string, readonly namespace?: string, readonly name?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly requestReceivedTimestamp: string
  readonly requestObject?: unknown
}

/** The entries of a log file, oldest first. */
export async function readAuditLog (file: string): Promise<readonly AuditEntry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1) // what follows the last line's end is still being written
  return lines.map(line => JSON.parse(line) as Written).filter(isCounted).map(entryFrom)
}

const isCounted = ({ verb, stage }: Written): boolean => stage === (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')

function entryFrom ({ user, userAgent = '', verb, requestURI, objectRef: ref, responseStatus, requestReceivedTimestamp, requestObject }: Written): AuditEntry {
  return {
    user: user.username, userAgent, verb, uri: requestURI,
    resource: ref?.subresource === undefined ? ref?.resource ?? '' : `${ref.resource ?? ''}/${ref.subresource}`,
    namespace: ref?.namespace ?? '', name: ref?.name ?? '', status: responseStatus?.code ?? 0, at: requestReceivedTimestamp,
    ...(requestObject === undefined ? {} : { body: requestObject }),
  }
}
