import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { readResource } from '../../src/api/index.js'
import { authFiles } from '../../src/cli/auth-files.js'
import { errorMessage } from '../../src/core/errors.js'
import { trimWorkload } from '../../src/kube/targets/workloads.js'
import { Authentications } from '../../src/runtime/credentials/authentications.js'
import type { Credentials, CredentialsRequest, TriggerAuth } from '../../src/runtime/credentials/credential-types.js'
import { resolveCredentials } from '../../src/runtime/credentials/credentials.js'
import type { Data, EnvFrom, EnvVar, ObjectReader, PodContainer } from '../../src/runtime/ports.js'
import { testVectors } from './support.js'

interface Named { readonly name: string, readonly namespace?: string }
interface Cluster {
  readonly secrets?: readonly (Named & { readonly data?: Data })[]
  readonly configMaps?: readonly (Named & { readonly data?: Data })[]
  readonly serviceAccounts?: readonly Named[]
  readonly triggerAuthentications?: readonly (Named & { readonly spec: object })[]
  readonly clusterTriggerAuthentications?: readonly (Named & { readonly spec: object })[]
}
interface WrittenContainer { readonly name?: string, readonly env?: readonly EnvVar[], readonly envFrom?: readonly EnvFrom[] }
interface Common { readonly cluster: Cluster, readonly namespace?: string, readonly restrictSecretAccess?: boolean, readonly kedaNamespace?: string }
interface ContainerEnv extends Common { readonly kind: 'container_env', readonly container: WrittenContainer }
interface AuthRef extends Common {
  readonly kind: 'auth_ref', readonly clusterObjectNamespace: string, readonly authenticationRef: { readonly name: string, readonly kind?: string } | null
  readonly podSpec?: { readonly containers?: readonly WrittenContainer[] }, readonly issuedToken?: string
}
interface AuthSecret extends Common { readonly kind: 'auth_secret', readonly name: string, readonly key: string }
interface FileParams { readonly kind: 'file_params', readonly filePathAuthRootPath: string, readonly filePath: string, readonly files: Readonly<Record<string, unknown>> }
interface Replicas { readonly kind: 'current_replicas', readonly workload: { readonly kind: 'Deployment' | 'StatefulSet', readonly name: string, readonly spec: object } }
interface Admission { readonly kind: 'admission', readonly objectKind: readonly string[], readonly spec: object }
interface Json { readonly kind: 'json', readonly spec: object }
type Given = ContainerEnv | AuthRef | AuthSecret | FileParams | Replicas | Admission | Json
interface Expect {
  readonly ok?: boolean, readonly env?: Data, readonly authParams?: Data, readonly params?: Data, readonly podIdentityProvider?: string, readonly value?: string
  readonly errorContains?: string, readonly replicas?: number, readonly allowed?: boolean, readonly json?: string
}

testVectors<Given, Expect>('trigger_authentication', async ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'container_env': {
      const { env, problems } = await resolve(given, { needsEnv: true }, { containers: [given.container] })
      if (wanted.ok !== undefined) expect(problems.length === 0, JSON.stringify(problems)).toBe(wanted.ok)
      if (wanted.env !== undefined) expect(env).toEqual(wanted.env)
      break
    }
    case 'auth_ref': {
      const authenticationRef = given.authenticationRef ?? undefined
      const { auth, identity, refusals } = await resolve(given, { authenticationRef }, { containers: given.podSpec?.containers ?? [], token: given.issuedToken })
      expect(refusals.length === 0, JSON.stringify(refusals)).toBe(wanted.ok)
      if (wanted.authParams !== undefined) expect(withoutEmpty(auth)).toEqual(withoutEmpty(wanted.authParams)) // an empty parameter is none (keda.md c.3)
      if (wanted.podIdentityProvider !== undefined) expect(identity?.provider ?? 'none').toBe(wanted.podIdentityProvider)
      break
    }
    case 'auth_secret': {
      const secretTargetRef = [{ parameter: 'p', name: given.name, key: given.key }]
      const cluster = { ...given.cluster, triggerAuthentications: [{ name: 'one', namespace: given.namespace ?? 'default', spec: { secretTargetRef } }] }
      const { auth } = await resolve({ ...given, cluster }, { authenticationRef: { name: 'one' } })
      expect(auth['p'] ?? '').toBe(wanted.value)
      break
    }
    case 'file_params': await expectFile(given, wanted); break
    case 'current_replicas':
      expect(trimWorkload(given.workload.kind)({ metadata: { name: given.workload.name }, ...{ spec: given.workload.spec } }).replicas).toBe(wanted.replicas)
      break
    case 'admission':
      for (const kind of given.objectKind) expect(readResource(document(kind, { name: 'a' }, given.spec), origin).ok).toBe(wanted.allowed)
      break
    case 'json': {
      const { spec } = read('ClusterTriggerAuthentication', { name: 'a' }, given.spec)
      expect(JSON.parse(JSON.stringify(spec))).toMatchObject(JSON.parse(wanted.json ?? '') as object)
    }
  }
})

interface World { readonly containers?: readonly WrittenContainer[], readonly token?: string | undefined }

function resolve (given: Common & { readonly clusterObjectNamespace?: string }, request: Partial<CredentialsRequest>, { containers = [], token }: World = {}): Promise<Credentials> {
  const { cluster, namespace = 'default', restrictSecretAccess, kedaNamespace = 'keda', clusterObjectNamespace = kedaNamespace } = given
  const authentications = new Authentications()
  for (const [kind, found] of [['TriggerAuthentication', cluster.triggerAuthentications], ['ClusterTriggerAuthentication', cluster.clusterTriggerAuthentications]] as const) {
    for (const one of found ?? []) {
      const authentication = read(kind, { name: one.name, ...(one.namespace === undefined ? {} : { namespace: one.namespace }) }, one.spec)
      authentications.applied({ apiVersion: authentication.apiVersion, kind, namespace: authentication.metadata.namespace, name: one.name }, authentication)
    }
  }
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'target' }
  return resolveCredentials({ namespace, target, path: [], maxAgeMs: 0, needsEnv: false, ...request }, {
    reader: readerOf(cluster, containers.map(({ name = 'main', env = [], envFrom = [] }) => ({ name, env, envFrom })), token), files: authFiles(undefined), clusterObjectNamespace,
    authentication: (kind, space, name) => authentications.find(kind, space, name), secretsOnlyFrom: restrictSecretAccess === true ? kedaNamespace : undefined,
  })
}

function readerOf (cluster: Cluster, containers: readonly PodContainer[], token: string | undefined): ObjectReader {
  const find = <T extends Named>(all: readonly T[] | undefined, namespace: string, name: string): T | undefined => all?.find(one => one.name === name && (one.namespace ?? namespace) === namespace)
  return {
    secret: async (namespace, name) => { const found = find(cluster.secrets, namespace, name); return found === undefined ? undefined : found.data ?? {} },
    configMap: async (namespace, name) => { const found = find(cluster.configMaps, namespace, name); return found === undefined ? undefined : found.data ?? {} },
    token: async (namespace, name) => find(cluster.serviceAccounts, namespace, name) === undefined ? undefined : token,
    containers: async () => containers,
  }
}

async function expectFile ({ filePath, filePathAuthRootPath, files }: FileParams, wanted: Expect): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'tidegate-auth-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), typeof text === 'string' ? text : JSON.stringify(text))
  }
  const outcome = await authFiles(filePathAuthRootPath === '' ? undefined : root).read(filePath).then(params => ({ ok: true, params, message: '' }), (error: unknown) => ({ ok: false, params: {}, message: errorMessage(error) }))
  expect(outcome.ok, outcome.message).toBe(wanted.ok)
  if (wanted.params !== undefined) expect(outcome.params).toEqual(wanted.params)
  if (wanted.errorContains !== undefined) expect(outcome.message).toContain(wanted.errorContains)
}

const origin = { kind: 'cluster', cluster: 'test' } as const
const document = (kind: string, metadata: object, spec: object): object => ({ apiVersion: 'keda.sh/v1alpha1', kind, metadata, spec })

function read (kind: string, metadata: object, spec: object): TriggerAuth {
  const parsed = readResource(document(kind, metadata, spec), origin)
  if (!parsed.ok || (parsed.value.kind !== 'TriggerAuthentication' && parsed.value.kind !== 'ClusterTriggerAuthentication')) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

const withoutEmpty = (params: Data): Data => Object.fromEntries(Object.entries(params).filter(([, value]) => value !== ''))
