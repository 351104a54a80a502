import type { FilledStream } from '../lib/filled-stream.js'

export interface BridgeParts {
  readonly stream: FilledStream
  readonly consumer: string
  readonly inFlight: number
  /** The sink as a replica. */
  readonly command: readonly string[]
  readonly counterPath: string
}

/** One Trigger without scaling, its function the sink: what Tidegate runs while it is measured. */
export const bridgeManifests = ({ stream, consumer, inFlight, command, counterPath }: BridgeParts): string => `apiVersion: tidegate.dev/v1alpha1
kind: Trigger
metadata: {name: bridge}
spec:
  source: {natsJetstream: {servers: ["${stream.servers}"], stream: ${stream.name}, subject: ${stream.subject}, consumer: ${consumer}, manage: Existing}}
  function: {name: sink}
  concurrency: {max: ${inFlight}, perReplica: ${inFlight}}
  scale: {mode: "Off"}
---
apiVersion: v1
kind: Service
metadata: {name: sink}
spec: {selector: {app: sink}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sink}
spec:
  replicas: 1
  selector: {matchLabels: {app: sink}}
  template:
    metadata: {labels: {app: sink}}
    spec:
      containers:
        - name: sink
          command: ${JSON.stringify(command)}
          ports: [{containerPort: 8080}]
          env: [{name: GOMAXPROCS, value: "1"}, {name: SINK_COUNTER, value: "${counterPath}"}]
`
