import { join } from 'node:path'

const fixtures = join(import.meta.dirname, 'fixtures')

type Values = Readonly<Record<string, unknown>>

/** A Deployment that runs one of the fixture programs: on one machine by its command, in a cluster by the fake kubelet, which runs the image `process` in the same way. */
export function deployment (name: string, program: 'function' | 'queue-worker', env: Readonly<Record<string, string>>, pod: Values = {}): object {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
    spec: {
      replicas: 0, selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{
            name: 'main', image: 'process', command: [process.execPath, join(fixtures, `${program}.mjs`)], env: Object.entries(env).map(([name, value]) => ({ name, value })),
            ...(program === 'function' ? { ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: { httpGet: { path: '/', port: 'http' } } } : {}),
          }],
          ...pod,
        },
      },
    },
  }
}

export const service = (name: string): object =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 'http' }] } })

/** Source, and whatever else the spec holds, to a function of the same name as the Trigger. */
export const trigger = (name: string, source: Values, spec: Values = {}): object =>
  ({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { name }, spec: { source, function: { name }, ...spec } })

export const scaledObject = (name: string, triggers: readonly Values[], spec: Values = {}): object =>
  ({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name }, spec: { scaleTargetRef: { name }, triggers, ...spec } })

/** A ScaledJob whose jobs run one of the fixture programs. */
export const scaledJob = (name: string, program: 'queue-job', env: Readonly<Record<string, string>>, triggers: readonly Values[], spec: Values = {}, job: Values = {}): object => ({
  apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { name },
  spec: {
    jobTargetRef: {
      template: { spec: { terminationGracePeriodSeconds: 1, containers: [{
        name: 'main', command: [process.execPath, join(fixtures, `${program}.mjs`)], env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
      }] } },
      ...job,
    },
    triggers, ...spec,
  },
})

/** Deployment, Service and Trigger of one function. */
export const fn = (name: string, source: Values, env: Readonly<Record<string, string>>, spec: Values = {}, pod: Values = {}): readonly object[] =>
  [deployment(name, 'function', env, pod), service(name), trigger(name, source, spec)]
