import { errorMessage } from '../../core/errors.js'
import { isMapping } from '../../spec/read.js'
import { refKey, type Clock, type Log } from '../../runtime/ports.js'
import { resourceKey, type CustomResource } from './custom-resource.js'
import type { ReflectorListener } from '../api/reflector.js'
import { objectPath } from '../api/wire.js'
import { NotOwner, type Writer } from '../api/writer.js'

export interface AuthUsersParts {
  readonly writer: Writer
  readonly clock: Clock
  readonly log: Log
  /** Whether all namespaces are looked at. */
  readonly seesAll: boolean
  readonly all: () => Iterable<CustomResource>
  /** The object that counts under a kind, namespace and name. */
  readonly of: (kind: string, namespace: string, name: string) => CustomResource | undefined
  /** Whether nobody else writes its status. */
  readonly isOurs: (resource: CustomResource) => boolean
}

interface Users { readonly scaledobjects: Set<string>, readonly scaledjobs: Set<string> }

/** What changes together is looked at together. */
const gatherMs = 1_000
/** After a write that was refused or failed. */
const againMs = 60_000
const authKinds: readonly string[] = ['TriggerAuthentication', 'ClusterTriggerAuthentication']
const lists: Readonly<Record<string, keyof Users>> = { ScaledObject: 'scaledobjects', ScaledJob: 'scaledjobs' }

/** Who uses an authentication, in its status as KEDA has it: names with commas between them. Written by who holds the lease, when they change. */
export class AuthUsers implements ReflectorListener<CustomResource> {
  readonly #parts: AuthUsersParts
  /** What each object says that matters here, by its key. */
  readonly #said = new Map<string, string>()
  #isDue = false

  constructor (parts: AuthUsersParts) { this.#parts = parts }

  applied (resource: CustomResource): void {
    const says = authKinds.includes(resource.ref.kind) ? JSON.stringify([resource.uid, textsOf(resource)]) : resource.isEnding ? '' : uses(resource).join()
    if ((this.#said.get(resourceKey(resource.ref)) ?? '') === says) return
    this.#said.set(resourceKey(resource.ref), says)
    this.look()
  }

  deleted ({ ref }: CustomResource): void {
    const before = this.#said.get(resourceKey(ref)) ?? ''
    this.#said.delete(resourceKey(ref))
    if (before !== '') this.look()
  }

  /** Soon, and writes what is not as it should be. */
  look (afterMs = gatherMs): void {
    if (this.#isDue || this.#parts.writer.shadow) return
    this.#isDue = true
    this.#parts.clock.after(afterMs, () => {
      this.#isDue = false
      void this.#write()
    })
  }

  async #write (): Promise<void> {
    const { writer, log, isOurs } = this.#parts
    if (!writer.open) return // who takes the lease looks
    const users = this.#users()
    for (const resource of this.#parts.all()) {
      if (!authKinds.includes(resource.ref.kind) || resource.isEnding || !isOurs(resource)) continue
      const found = users.get(resourceKey(resource.ref))
      const known = resource.ref.namespace === '' && !this.#parts.seesAll ? textsOf(resource) : [] // who is elsewhere is told by another
      const wanted = [found?.scaledobjects, found?.scaledjobs].map((some, i) => [...new Set([...some ?? [], ...(known[i] ?? '').split(',').filter(name => name !== '')])].sort().join(','))
      if (wanted.join(' ') === textsOf(resource).join(' ')) continue
      try {
        await this.#tell(resource, wanted)
      } catch (error) {
        if (error instanceof NotOwner) return
        log.warn({ object: refKey(resource.ref), err: errorMessage(error) }, 'who uses an authentication could not be written; trying again in a minute')
        return this.look(againMs)
      }
    }
  }

  #users (): ReadonlyMap<string, Users> {
    const found = new Map<string, Users>()
    for (const resource of this.#parts.all()) {
      const list = lists[resource.ref.kind]
      if (list === undefined || resource.isEnding || !this.#parts.isOurs(resource)) continue
      for (const [kind, namespace, name] of uses(resource)) {
        const auth = this.#parts.of(kind, namespace, name)
        if (auth === undefined) continue
        const key = resourceKey(auth.ref)
        const users = found.get(key) ?? { scaledobjects: new Set(), scaledjobs: new Set() }
        users[list].add(resource.ref.name)
        found.set(key, users)
      }
    }
    return found
  }

  async #tell ({ ref, plural, uid }: CustomResource, [scaledobjects, scaledjobs]: readonly string[]): Promise<void> {
    await this.#parts.writer.write({ method: 'PATCH', urgency: 'status', path: objectPath(ref.apiVersion, plural, ref.namespace, ref.name, 'status'), body: { metadata: { uid }, status: { scaledobjects, scaledjobs } } })
  }
}

const textsOf = ({ status: { scaledobjects = '', scaledjobs = '' } }: CustomResource): readonly string[] => [scaledobjects, scaledjobs]

/** Kind, namespace and name of each authentication that an object refers to. */
function uses ({ ref, wanted }: CustomResource): readonly (readonly [string, string, string])[] {
  const triggers: readonly unknown[] = lists[ref.kind] !== undefined && isMapping(wanted.spec) && Array.isArray(wanted.spec['triggers']) ? wanted.spec['triggers'] : []
  return triggers.flatMap(trigger => {
    const named = isMapping(trigger) ? trigger['authenticationRef'] : undefined
    if (!isMapping(named) || typeof named['name'] !== 'string') return []
    return [named['kind'] === 'ClusterTriggerAuthentication' ? ['ClusterTriggerAuthentication', '', named['name']] as const : ['TriggerAuthentication', ref.namespace, named['name']] as const]
  })
}
