import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments, parseDocument } from 'yaml'
import { installRights } from '../../test/kube/install.js'
import type { KubeControlPlane, KubeObject } from '../../test/servers/kube.js'
import { startSubject, type Subject } from '../lib/subject.js'

const root = join(import.meta.dirname, '..', '..')
const ours = '{node} dist/bin.cjs operator --kubeconfig {kubeconfig} --port 0 --lease-namespace tidegate'

/** The operator under measurement, and who it is to the API server. */
export interface Operator {
  /** As the audit log names it. */
  readonly user: string
  /** A new process of it; resolves when it has begun to work or, of a foreign one, at once. */
  start(): Promise<Subject>
}

/**
 * Ours, by the rights that are shipped and with the Node options of the shipped manifest; or any command line, in which `{kubeconfig}`
 * stands for a kubeconfig with every right.
 */
export async function operatorFor (kube: KubeControlPlane, command: string | undefined): Promise<Operator> {
  const isOurs = command === undefined
  if (isOurs && !existsSync(join(root, 'dist', 'bin.cjs'))) throw new Error('dist/bin.cjs is not there: npm run build')
  const user = isOurs ? 'system:serviceaccount:tidegate:tidegate' : 'operator-under-test'
  if (isOurs) await installFlowSchema(kube)
  const kubeconfig = isOurs ? await installRights(kube) : await kube.kubeconfig(user, ['system:masters'])
  const words = (command ?? ours).split(' ').flatMap(word => word === '{node}' ? [process.execPath] : [word.replace('{kubeconfig}', kubeconfig)])
  return {
    user,
    async start () {
      const subject = startSubject(words, { ...process.env, KUBECONFIG: kubeconfig, ...(isOurs ? shippedEnvironment() : {}) }, { pinned: false })
      if (isOurs) await subject.line(line => line.includes('holding the lease: working'))
      return subject
    },
  }
}

/** Leases and counts first, as it is shipped. */
async function installFlowSchema ({ admin }: KubeControlPlane): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(join(root, 'deploy', 'manifests', 'flow-schema.yaml'), 'utf8'))) await admin.apply(document.toJS() as KubeObject)
}

interface Manifest { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string, readonly value?: string }[] }[] } } } }

/** What the shipped Deployment sets: a measurement without it would be of another product. */
function shippedEnvironment (): Readonly<Record<string, string>> {
  const manifest = parseDocument(readFileSync(join(root, 'deploy', 'manifests', 'deployment.yaml'), 'utf8')).toJS() as Manifest
  const variables = manifest.spec.template.spec.containers[0]?.env ?? []
  return Object.fromEntries(variables.flatMap(({ name, value }) => name === 'NODE_OPTIONS' && value !== undefined ? [[name, value]] : []))
}
