import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import type { KubeControlPlane, KubeObject } from '../servers/kube.js'

type Established = KubeObject & { readonly status?: { readonly conditions?: readonly { readonly type: string, readonly status: string }[] } }

/** Puts the kinds of a group of ours in place and waits until they are served. */
export async function installKinds ({ admin }: KubeControlPlane, ...groups: readonly ('keda.sh' | 'tidegate.dev')[]): Promise<void> {
  for (const group of groups) {
    for (const crd of await documentsIn(`deploy/crds/${group}.yaml`)) {
      await admin.apply(crd)
      await admin.until<Established>(await admin.pathOf(crd), c => c?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true)
    }
  }
}

/** Puts the shipped account and its rights in place; a kubeconfig of that account, which tests run the program with. */
export async function installRights (kube: KubeControlPlane): Promise<string> {
  for (const file of ['namespace', 'service-account', 'cluster-role', 'secrets-role', 'role']) {
    for (const document of await documentsIn(`deploy/manifests/${file}.yaml`)) await kube.admin.apply(document)
  }
  return kube.kubeconfig('system:serviceaccount:tidegate:tidegate')
}

/** Puts the objects of one shipped file in place. */
export async function applyManifest ({ admin }: KubeControlPlane, file: string): Promise<void> {
  for (const document of await documentsIn(file)) await admin.apply(document)
}

const documentsIn = async (file: string): Promise<readonly KubeObject[]> =>
  parseAllDocuments(await readFile(file, 'utf8')).map(document => document.toJS() as KubeObject)
