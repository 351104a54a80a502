import { open } from 'node:fs/promises'

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

interface Read { readonly entries: AuditEntry[], offset: number, reading: Promise<unknown> }
/** What was read of each file: it only grows, and tests look into it many times a second. */
const known = new Map<string, Read>()

/** The entries of a log file, oldest first. */
export async function readAuditLog (file: string): Promise<readonly AuditEntry[]> {
  const read = known.get(file) ?? { entries: [], offset: 0, reading: Promise.resolve() }
  known.set(file, read)
  const more = Promise.allSettled([read.reading]).then(() => readOn(file, read))
  read.reading = more
  await more
  return read.entries
}

async function readOn (file: string, read: Read): Promise<void> {
  const handle = await open(file)
  try {
    const chunks: Buffer[] = []
    for await (const chunk of handle.createReadStream({ start: read.offset, autoClose: false }) as AsyncIterable<Buffer>) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const end = bytes.lastIndexOf('\n') + 1 // what follows the last line's end is still being written
    read.offset += end
    const lines = bytes.subarray(0, end).toString('utf8').split('\n').filter(line => line !== '')
    read.entries.push(...lines.map(line => JSON.parse(line) as Written).filter(isCounted).map(entryFrom))
  } finally {
    await handle.close()
  }
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
