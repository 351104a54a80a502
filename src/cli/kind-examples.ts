import type { kinds } from '../api/index.js'

type Examples = readonly { readonly title: string, readonly yaml: string }[]

/** Whole documents for the pages of the kinds; a test lints them. */
export const kindExamples: Readonly<Record<typeof kinds[number]['kind'] | 'Config', Examples>> = {
  Trigger: [{
    title: 'Each new todo item is POSTed to a Service; what fails five times is kept beside the stream',
    yaml: `
apiVersion: tidegate.dev/v1alpha1
kind: Trigger
metadata: {name: audit}
spec:
  source:
    natsJetstream: {subject: events.todo.newitem, servers: "127.0.0.1:4222"}
  function: {name: todo-audit}
  deadLetter:
    to:
      natsJetstream: {subject: dead.todo}
`.trimStart(),
  }, {
    title: 'A Service that others scale is called every hour, and a slow answer is waited for',
    yaml: `
apiVersion: tidegate.dev/v1alpha1
kind: Trigger
metadata: {name: report}
spec:
  source:
    cron: {schedule: "0 * * * *", timeZone: Europe/Berlin}
  function: {name: report, path: /hourly}
  delivery:
    timeout: 10m
    retry: {attempts: 3, initial: 10s}
  scale: {mode: External}
`.trimStart(),
  }],
  ScaledObject: [{
    title: 'One worker for ten messages, none when there are none',
    yaml: `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: thumbnails}
spec:
  scaleTargetRef: {name: thumbnailer}
  pollingInterval: 5
  cooldownPeriod: 60
  maxReplicaCount: 6
  triggers:
    - type: azure-queue
      metadata: {queueName: uploads, queueLength: "10", accountName: pictures}
      authenticationRef: {name: storage}
`.trimStart(),
  }],
  ScaledJob: [{
    title: 'A job for each message',
    yaml: `
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: renderings}
spec:
  jobTargetRef:
    template:
      spec:
        restartPolicy: Never
        containers: [{name: render, image: example.com/render:1.0.0}]
  maxReplicaCount: 20
  triggers:
    - type: nats-jetstream
      metadata: {natsServerMonitoringEndpoint: "nats:8222", account: $G, stream: RENDER, consumer: render}
`.trimStart(),
  }],
  TriggerAuthentication: [{
    title: 'The connection string of a queue from a Secret',
    yaml: `
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: storage}
spec:
  secretTargetRef:
    - {parameter: connection, name: storage-account, key: connectionString}
`.trimStart(),
  }],
  ClusterTriggerAuthentication: [{
    title: 'The same for every namespace',
    yaml: `
apiVersion: keda.sh/v1alpha1
kind: ClusterTriggerAuthentication
metadata: {name: storage}
spec:
  secretTargetRef:
    - {parameter: connection, name: storage-account, key: connectionString}
`.trimStart(),
  }],
  Config: [{
    title: 'NATS for all Triggers that name no servers; a storage account whose connection string is in our own environment',
    yaml: `
defaults:
  nats: {servers: "127.0.0.1:4222"}
  azureQueue: {connectionFromEnv: AZURE_STORAGE_CONNECTION_STRING}
`.trimStart(),
  }],
}
