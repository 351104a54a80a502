import { runToEnd, type Said } from './run-to-end.js'
import { ensureKubectlProgram } from './kube/programs.js'

/** Has the program in place; rejects with the reason where that cannot be. */
export const ensureKubectl = (): Promise<string> => ensureKubectlProgram(line => process.stderr.write(`${line}\n`))

/** Runs kubectl as a user would; what it wrote. Nothing of the user who runs the tests is read: no kubeconfig, no plugins, no cache. */
export async function kubectl (kubeconfig: string | undefined, args: readonly string[], input = ''): Promise<Said> {
  return await runToEnd(await ensureKubectl(), args, { input, env: { KUBECONFIG: kubeconfig ?? '/dev/null', KUBECACHEDIR: '/dev/null', KUBERC: 'off' } })
}
