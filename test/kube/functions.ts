import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { deployment, service, trigger } from '../scenario/manifests.js'
import { type Got, Run } from '../scenario/harness.js'
import { type KubeControlPlane, type KubeObject } from '../servers/kube.js'

/** Loaded into the operator, so that it reaches the processes that stand for pods. */
export const network = join(import.meta.dirname, '../servers/kube/fixtures/pod-network.mjs')

/** The operator, by the right of this kubeconfig, in a network where the addresses of pods answer. It ends with the test. */
export async function runOperatorAmongPods (kube: KubeControlPlane, kubeconfig: string, ...args: readonly string[]): Promise<Run> {
  const run = new Run(['operator', '--kubeconfig', kubeconfig, '--port', '0', '--lease-namespace', 'tidegate', ...args], { NODE_OPTIONS: `--import ${network}`, TIDEGATE_TEST_PODS: kube.kubelet.processes.folder })
  onTestFinished(async () => { await run.end() })
  await run.ready()
  return run
}

/** A function that is no pod: what it got. It ends with the test. */
export async function httpFunction (): Promise<{ readonly url: string, readonly got: readonly string[] }> {
  const got: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      got.push(Buffer.concat(parts).toString())
      response.end()
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got }
}

type Values = Readonly<Record<string, unknown>>

/** A namespace with functions whose pods run the fixture function, and what they got. */
export class FunctionScene {
  readonly out = mkdtempSync(join(tmpdir(), 'tidegate-functions-'))

  private constructor (readonly kube: KubeControlPlane, readonly namespace: string) {
    onTestFinished(() => rmSync(this.out, { recursive: true, force: true }))
  }

  static async open (kube: KubeControlPlane): Promise<FunctionScene> { return new FunctionScene(kube, await kube.namespace()) }

  async apply (...objects: readonly object[]): Promise<void> {
    for (const object of objects as readonly KubeObject[]) await this.kube.admin.apply({ ...object, metadata: { namespace: this.namespace, ...object.metadata } })
  }

  deployment (name: string, env: Readonly<Record<string, string>> = {}): object {
    return deployment(name, 'function', { OUT: this.out, ...env })
  }

  /** Deployment, Service and Trigger of one name. */
  async fn (name: string, source: Values, env: Readonly<Record<string, string>> = {}, spec: Values = {}): Promise<void> {
    await this.apply(this.deployment(name, env), service(name), trigger(name, source, spec))
  }

  deploymentPath (name: string): string { return `/apis/apps/v1/namespaces/${this.namespace}/deployments/${name}` }
  triggerPath (name: string): string { return `/apis/tidegate.dev/v1alpha1/namespaces/${this.namespace}/triggers/${name}` }

  /** Every event that functions have got so far. */
  got (): readonly Got[] {
    return readdirSync(this.out).flatMap(name => readFileSync(join(this.out, name), 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Got))
  }
}


