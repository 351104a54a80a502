import { fileURLToPath } from 'node:url'
import { ensureGoPrograms } from './go-programs.js'
import { runToEnd, type Said } from './run-to-end.js'

/** As `helm/go.mod` says. */
const version = '3.22.0'

/** As helm's own build sets them: without these it takes every cluster that it cannot ask for a Kubernetes 1.20. */
const linkFlags = [
  '-s', '-w', '-X', `helm.sh/helm/v3/internal/version.version=v${version}`,
  ...['chartutil', 'lint/rules'].flatMap(path => ['k8sVersionMajor=1', 'k8sVersionMinor=36'].flatMap(v => ['-X', `helm.sh/helm/v3/pkg/${path}.${v}`])),
].join(' ')

/** The path of helm: in the cache, or built into it by Go once (about three minutes). Rejects with the reason where that cannot be. */
export async function ensureHelm (): Promise<string> {
  const programs = await ensureGoPrograms({
    title: 'helm', cache: `helm-${version}`, assets: process.env['TIDEGATE_TEST_HELM'],
    programs: [{ name: 'helm', module: fileURLToPath(new URL('helm', import.meta.url)), package: 'helm.sh/helm/v3/cmd/helm', linkFlags }],
  }, line => process.stderr.write(`${line}\n`))
  return programs.helm
}

/** Runs helm as a user would; what it wrote. */
export async function helm (kubeconfig: string | undefined, args: readonly string[], folder: string): Promise<Said> {
  const own = { HELM_CACHE_HOME: `${folder}/cache`, HELM_CONFIG_HOME: `${folder}/config`, HELM_DATA_HOME: `${folder}/data` }
  return await runToEnd(await ensureHelm(), args, { env: { KUBECONFIG: kubeconfig ?? '/dev/null', ...own } })
}
