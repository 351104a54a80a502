import { fileURLToPath } from 'node:url'
import { ensureGoPrograms, type GoProgram } from '../go-programs.js'

/** What the control plane is built from; `k8s/go.mod` and `etcd/go.mod` name the same versions. */
export const kubernetesVersion = '1.36.3'

type ControlPlaneProgram = 'kube-apiserver' | 'kube-controller-manager' | 'etcd'
export type Programs = Readonly<Record<ControlPlaneProgram, string>>

/** Without these the server calls itself v0.0.0, which clients and its own feature gates take at its word. */
const [major, minor] = kubernetesVersion.split('.')
const linkFlags = [
  '-s', '-w', ...[`gitVersion=v${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`, 'gitTreeState=clean'].flatMap(v => ['-X', `k8s.io/component-base/version.${v}`]),
  '-X', `k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
].join(' ')

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const ofKubernetes = <N extends string>(name: N): GoProgram & { readonly name: N } => ({ name, module: folder('k8s'), package: `k8s.io/kubernetes/cmd/${name}`, linkFlags })

const place = { cache: `kube-${kubernetesVersion}`, get assets () { return process.env['KUBEBUILDER_ASSETS'] } }

/** The path of each program: in KUBEBUILDER_ASSETS, in the cache, or built into the cache by Go once (about five minutes). Rejects with the reason where that cannot be. */
export function ensurePrograms (progress: (line: string) => void): Promise<Programs> {
  return ensureGoPrograms({
    title: 'the Kubernetes control plane', ...place,
    programs: [{ name: 'etcd', module: folder('etcd'), package: 'go.etcd.io/etcd/server/v3' }, ofKubernetes('kube-apiserver'), ofKubernetes('kube-controller-manager')],
  }, progress)
}

/** As `ensurePrograms`, for the client; a minute beside a control plane that is built already. */
export const ensureKubectlProgram = async (progress: (line: string) => void): Promise<string> =>
  (await ensureGoPrograms({ title: 'kubectl', ...place, programs: [ofKubernetes('kubectl')] }, progress)).kubectl
