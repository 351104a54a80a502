import { errorMessage } from '../../core/errors.js'
import type { Clock, Log } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import type { KubeHttp } from '../api/http.js'
import { collectionPath, objectPath, type Wire } from '../api/wire.js'
import { fromData, renewed, toData, type Material } from './material.js'

export interface KeeperParts {
  readonly http: KubeHttp
  readonly clock: Clock
  readonly log: Log
  /** Of the Secret. */
  readonly namespace: string
  /** Of the Secret and of the ValidatingWebhookConfiguration. */
  readonly name: string
  /** What the webhook is called by. */
  readonly hosts: readonly string[]
}

type WireSecret = Wire<{ readonly data?: Readonly<Record<string, string>> }>
type WireConfiguration = Wire<{ readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[] }>

const lookEveryMs = 600_000
const tryAgainMs = 10_000
const configurationVersion = 'admissionregistration.k8s.io/v1'

/**
 * Keeps the certificate that the webhook is served with: in a Secret that all replicas share, renewed before it ends, and trusted by the API server.
 * Every write names the version it changes, so that of two replicas one is first and the other takes what that one made.
 */
export class CertificateKeeper {
  readonly #parts: KeeperParts
  #saidMissing = false

  constructor (parts: KeeperParts) { this.#parts = parts }

  /** Hands over the material, at once and whenever it is another, after the API server trusts it. Until the signal aborts; never rejects. */
  async run (use: (material: Material) => void, signal: AbortSignal): Promise<void> {
    const { clock, log, name } = this.#parts
    let used = ''
    while (!signal.aborted) {
      let wait = lookEveryMs
      try {
        const material = await this.#present()
        if (!await this.#trust(material)) wait = tryAgainMs
        const { certificate } = material.serving
        if (certificate !== used) use(material)
        used = certificate
      } catch (error) {
        wait = tryAgainMs
        log.warn({ secret: name, err: errorMessage(error) }, 'the certificate of the webhook could not be looked after; trying again')
      }
      await clock.sleep(wait, signal)
    }
  }

  /** What is kept; made or renewed where that is due. */
  async #present (): Promise<Material> {
    const { http, clock, namespace, name, hosts } = this.#parts
    const secret = await http.find<WireSecret>(objectPath('v1', 'secrets', namespace, name))
    const kept = secret === undefined ? undefined : fromData(secret.data ?? {})
    const material = renewed(kept, hosts, clock.now())
    return material === kept ? material : this.#store(material, secret)
  }

  /** A conflict: another replica was first, and what it made is taken at the next look, which is now. */
  async #store (material: Material, present: WireSecret | undefined): Promise<Material> {
    const { http, namespace, name, log } = this.#parts
    const data = toData(material)
    try {
      if (present === undefined) {
        await http.request({
          method: 'POST', urgency: 'down', path: collectionPath('v1', 'secrets', namespace),
          body: { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'tidegate' } }, data },
        })
      } else {
        await http.request({ method: 'PATCH', urgency: 'down', path: objectPath('v1', 'secrets', namespace, name), body: { metadata: { resourceVersion: present.metadata.resourceVersion }, data } })
      }
    } catch (error) {
      if (error instanceof ApiError && error.isConflict) return this.#present()
      throw error
    }
    log.info({ secret: `${namespace}/${name}` }, 'made a certificate for the webhook')
    return material
  }

  /** Writes the authorities into the webhook's configuration. False where there is none yet. */
  async #trust ({ trusted }: Material): Promise<boolean> {
    const { http, name, log } = this.#parts
    const path = objectPath(configurationVersion, 'validatingwebhookconfigurations', '', name)
    const configuration = await http.find<WireConfiguration>(path)
    if (configuration === undefined) {
      if (!this.#saidMissing) log.warn({ name }, 'there is no ValidatingWebhookConfiguration of this name: nobody calls the webhook')
      this.#saidMissing = true
      return false
    }
    this.#saidMissing = false
    const caBundle = Buffer.from(trusted.join('')).toString('base64')
    const { metadata, webhooks = [] } = configuration
    if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return true
    await http.request({
      method: 'PATCH', urgency: 'down', path,
      body: { metadata: { resourceVersion: metadata.resourceVersion }, webhooks: webhooks.map(webhook => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } })) },
    })
    return true
  }
}
