import type { KubeObject } from '../../test/servers/kube.js'

/** Names of the n-th of everything. */
export const workerName = (index: number): string => `worker-${index}`
export const streamName = (index: number): string => `ORDERS-${index}`
export const subjectName = (index: number): string => `orders.${index}`
export const durable = 'billing'

/** A Deployment of the size that people have: about 3 kB as the API server sends it. Without pods its controller is told to hold still: what they cost the cluster is no part of what is measured. */
export function worker (namespace: string, index: number, withPods: boolean): KubeObject {
  const name = workerName(index)
  const labels = { app: name, 'app.kubernetes.io/name': 'worker', 'app.kubernetes.io/part-of': 'shop', 'app.kubernetes.io/managed-by': 'Helm' }
  const variable = (key: string): Readonly<Record<string, string>> => ({ name: key, value: `${key.toLowerCase()} of ${name}` })
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, failureThreshold: 3 }
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name, labels, annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace } },
    spec: {
      replicas: 0, paused: !withPods, selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' } },
        spec: {
          containers: [{
            name: 'worker', image: `registry.example.com/shop/worker:1.${index}.0`, ports: [{ name: 'http', containerPort: 8080 }],
            env: ['LOG_LEVEL', 'QUEUE', 'DATABASE_URL', 'REGION', 'FEATURES', 'TIMEOUT'].map(variable),
            resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } }, livenessProbe: probe, readinessProbe: probe,
          }],
        },
      },
    },
  }
}

/** As a KEDA user writes it: by the monitoring port, everything else by default. */
export const scaledObject = (namespace: string, index: number, monitoring: string): KubeObject => ({
  apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { namespace, name: workerName(index), labels: { app: workerName(index) } },
  spec: {
    scaleTargetRef: { name: workerName(index) }, pollingInterval: 30, cooldownPeriod: 300, minReplicaCount: 0, maxReplicaCount: 100,
    triggers: [{ type: 'nats-jetstream', metadata: { natsServerMonitoringEndpoint: monitoring, account: '$G', stream: streamName(index), consumer: durable, lagThreshold: '10' } }],
  },
})
