import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { KubeObject } from '../servers/kube.js'
import { chart, find, kustomize, withComponents } from './render.js'

type Values = Readonly<Record<string, unknown>>
type Comparable = Readonly<Record<string, unknown>>

/** By kind and name. What the two write differently on purpose: CRDs that helm keeps, and the text of a ConfigMap, of which the meaning counts. */
function comparable (objects: readonly KubeObject[]): Readonly<Record<string, Comparable>> {
  return Object.fromEntries(objects.filter(({ kind }) => kind !== 'Namespace').map(object => {
    const { annotations = {}, ...metadata } = object.metadata
    const { 'helm.sh/resource-policy': _kept, ...others } = annotations
    const data = object['data'] as Readonly<Record<string, string>> | undefined
    const meaning = data === undefined ? {} : { data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, parse(text) as unknown])) }
    return [`${object.kind} ${metadata.namespace ?? ''}/${metadata.name}`, { ...object, ...meaning, metadata: { ...metadata, ...(Object.keys(others).length === 0 ? {} : { annotations: others }) } }]
  }))
}

describe('kustomize and helm give the same objects', () => {
  test('by default', async () => {
    const expected = comparable(await kustomize('deploy/manifests'))
    expect(comparable(await chart())).toEqual(expected)
    expect(Object.keys(expected).length).toBeGreaterThan(15)
  })

  test.each<[string, Values, readonly string[]]>([
    ['no Secret but those granted by name', { secrets: 'named' }, ['components/named-secrets']],
    ['Secrets of the own namespace', { secrets: 'restricted' }, ['components/restrict-secrets']],
    ['one namespace', { namespaces: ['tidegate'] }, ['components/namespaced']],
    ['one namespace, no Secrets', { namespaces: ['tidegate'], secrets: 'named' }, ['components/namespaced', 'components/named-secrets']],
    ['the place of autoscalers', { takeOver: true }, ['components/take-over']],
    ['the place of KEDA', { keda: 'replace' }, ['components/keda-replace']],
    ['the admission webhook', { webhook: true }, ['components/webhook']],
    ['monitoring', { serviceMonitor: { enabled: true }, alerts: { enabled: true }, dashboards: { enabled: true } }, ['components/service-monitor', 'alerts', 'dashboards']],
  ])('%s', async (_what, values, components) => {
    expect(comparable(await chart(values))).toEqual(comparable(await withComponents(...components)))
  })

  test('KEDA\'s kinds are there only where they are asked for', async () => {
    const kedas = (objects: readonly KubeObject[]): readonly string[] => objects.map(({ metadata }) => metadata.name).filter(name => name.endsWith('.keda.sh'))
    expect(kedas(await chart())).toEqual([])
    expect(kedas(await chart({ crds: { install: false, keda: true } }))).toHaveLength(4)
  })
})

describe('values', () => {
  /** For every value, another one. */
  const others: Readonly<Record<string, Values>> = {
    replicas: { replicas: 3 },
    'image.repository': { image: { repository: 'registry.example/tidegate' } },
    'image.tag': { image: { tag: 'other' } },
    'image.pullPolicy': { image: { pullPolicy: 'Always' } },
    'image.pullSecrets': { image: { pullSecrets: [{ name: 'registry' }] } },
    namespaces: { namespaces: ['orders', 'bills'] },
    secrets: { secrets: 'named' },
    shadow: { shadow: true },
    keda: { keda: 'replace' },
    takeOver: { takeOver: true },
    kedaMetrics: { kedaMetrics: true },
    webhook: { webhook: true },
    logLevel: { logLevel: 'debug' },
    'config.defaults': { config: { defaults: { nats: { servers: 'nats:4222' } } } },
    'crds.install': { crds: { install: false } },
    'crds.keda': { crds: { keda: true } },
    env: { env: [{ name: 'TIDEGATE_TOKEN', valueFrom: { secretKeyRef: { name: 'status', key: 'token' } } }] },
    podLabels: { podLabels: { team: 'queues' } },
    'serviceAccount.annotations': { serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn' } } },
    nodeOptions: { nodeOptions: '--max-old-space-size=768' },
    'resources.requests.cpu': { resources: { requests: { cpu: '1' } } },
    'resources.requests.memory': { resources: { requests: { memory: '1Gi' } } },
    'resources.limits.memory': { resources: { limits: { memory: '1Gi' } } },
    nodeSelector: { nodeSelector: { disk: 'fast' } },
    tolerations: { tolerations: [{ key: 'spot', operator: 'Exists' }] },
    affinity: { affinity: { nodeAffinity: {} } },
    networkPolicy: { networkPolicy: false },
    flowSchemas: { flowSchemas: false },
    'serviceMonitor.enabled': { serviceMonitor: { enabled: true } },
    'serviceMonitor.interval': { serviceMonitor: { enabled: true, interval: '30s' } },
    'serviceMonitor.labels': { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
    'alerts.enabled': { alerts: { enabled: true } },
    'alerts.labels': { alerts: { enabled: true, labels: { release: 'prometheus' } } },
    'dashboards.enabled': { dashboards: { enabled: true } },
    'dashboards.labels.grafana_dashboard': { dashboards: { enabled: true, labels: { grafana_dashboard: 'yes' } } },
  }

  test('each one is tried here', async () => {
    const values = parse(await readFile('deploy/chart/values.yaml', 'utf8')) as Values
    expect(leaves(values).sort()).toEqual(Object.keys(others).sort())
  })

  test('each one changes something', async () => {
    const enabled = { serviceMonitor: { enabled: true }, alerts: { enabled: true }, dashboards: { enabled: true } }
    const [plain, monitored] = [JSON.stringify(await chart()), JSON.stringify(await chart(enabled))]
    for (const [name, values] of Object.entries(others)) {
      const before = /[.](interval|labels)/.test(name) ? monitored : plain
      const after = JSON.stringify(await chart(/[.](interval|labels)/.test(name) ? { ...enabled, ...values } : values))
      expect({ name, changes: after !== before }).toEqual({ name, changes: true })
    }
  })

  test('what is no value is refused, at every level', async () => {
    for (const values of [{ replica: 3 }, { image: { name: 'a' } }, { secrets: 'all' }, { logLevel: 'trace' }, { namespaces: 'orders' }, { alerts: true }, { keda: 'beside' }, { env: [{ value: 'a' }] }, { podLabels: { a: 1 } }]) {
      await expect(chart(values)).rejects.toThrow(/values don't meet the specifications of the schema/)
    }
  })

  test('an identity of Azure, and a token for /status', async () => {
    const objects = await chart({
      podLabels: { 'azure.workload.identity/use': 'true', 'app.kubernetes.io/name': 'other' }, serviceAccount: { annotations: { 'azure.workload.identity/client-id': 'some-id' } },
      env: [{ name: 'TIDEGATE_TOKEN', valueFrom: { secretKeyRef: { name: 'status', key: 'token' } } }],
    })
    expect(find(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'azure.workload.identity/client-id': 'some-id' })
    expect(find(objects, 'Deployment')).toMatchObject({ spec: { template: {
      metadata: { labels: { 'azure.workload.identity/use': 'true', 'app.kubernetes.io/name': 'tidegate' } }, // the Deployment's selector
      spec: { containers: [{ env: [{ name: 'NODE_OPTIONS' }, { name: 'TIDEGATE_TOKEN', valueFrom: { secretKeyRef: { name: 'status', key: 'token' } } }] }] },
    } } })
  })

  test('several namespaces and the place of KEDA: autoscalers are deleted in these alone', async () => {
    const objects = await chart({ namespaces: ['orders', 'bills'], keda: 'replace' })
    expect(objects.filter(({ kind }) => kind === 'ClusterRoleBinding').map(({ metadata }) => metadata.name)).toEqual(['tidegate-keda-operator']) // it is seen wherever it is
    expect(objects.filter(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === 'tidegate-take-over').map(({ metadata }) => metadata.namespace)).toEqual(['orders', 'bills'])
  })

  test('several namespaces: a binding in each, none of the whole cluster, and the operator told', async () => {
    const objects = await chart({ namespaces: ['orders', 'bills'] })
    expect(objects.filter(({ kind }) => kind === 'ClusterRoleBinding')).toEqual([])
    expect(objects.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).sort())
      .toEqual(['bills/tidegate-secrets', 'bills/tidegate-work', 'orders/tidegate-secrets', 'orders/tidegate-work', 'tidegate/tidegate'])
    expect(JSON.stringify(find(objects, 'Deployment'))).toContain('"--namespace=orders,bills"')
  })
})

test('the package, the chart and the base have one version', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string }
  expect(parse(await readFile('deploy/chart/Chart.yaml', 'utf8'))).toMatchObject({ version, appVersion: version })
  expect(parse(await readFile('deploy/manifests/kustomization.yaml', 'utf8'))).toMatchObject({ images: [{ newTag: version }] })
})

test('the development overlay takes the image from the node', async () => {
  const { spec } = find(await kustomize('deploy/overlays/dev'), 'Deployment') as KubeObject & { readonly spec: { readonly replicas: number, readonly template: { readonly spec: { readonly containers: readonly Comparable[] } } } }
  expect(spec).toMatchObject({ replicas: 1, template: { spec: { containers: [{ image: 'tidegate:dev', imagePullPolicy: 'Never' }] } } })
})

test('what the guide tells to apply and to build is there, and each component by its name', async () => {
  const guide = await readFile('docs/operator.md', 'utf8')
  const paths = [...guide.matchAll(/(?:-k|-f|install tidegate) (deploy\/[\w./-]+)/g)].map(([, path = '']) => path)
  const components = [...guide.matchAll(/`(components\/[\w-]+|alerts|dashboards)`/g)].map(([, path = '']) => `deploy/${path}`)
  expect(paths.length + components.length).toBeGreaterThan(12)
  expect([...paths, ...components].filter(path => !existsSync(path))).toEqual([])
})

/** Paths of what is no mapping, or an empty one. */
function leaves (value: Values, path: readonly string[] = []): string[] {
  return Object.entries(value).flatMap(([key, inner]) => typeof inner === 'object' && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0 ? leaves(inner as Values, [...path, key]) : [[...path, key].join('.')])
}
