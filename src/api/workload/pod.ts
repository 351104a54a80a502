import { boolean, integer, list, map, numberOrName, object, oneOf, string, type ValueOf } from '../../spec/index.js'

const text = (summary: string) => string({ summary, optional: true })
const isOptional = boolean({ summary: 'Whether it may be absent.', optional: true })

const keyRef = (kind: string) => object({
  name: string({ summary: `Name of the ${kind}.` }), key: string({ summary: 'Key in it.' }), optional: isOptional,
}, { summary: `One value of a ${kind}.`, optional: true })

const nameRef = (kind: string) => object({ name: string({ summary: `Name of the ${kind}.` }), optional: isOptional }, { summary: `Every value of a ${kind}.`, optional: true })

const envField = object({
  name: string({ summary: 'Name of the variable.', minLength: 1 }),
  value: text('Its value; $(VAR) stands for an earlier one.'),
  valueFrom: object({ secretKeyRef: keyRef('Secret'), configMapKeyRef: keyRef('ConfigMap') }, { summary: 'Where its value is.', optional: true }),
}, { summary: 'One variable.' })

const envFromField = object({
  prefix: text('Put before every name.'), secretRef: nameRef('Secret'), configMapRef: nameRef('ConfigMap'),
}, { summary: 'Variables from a Secret or ConfigMap.' })

const probeField = object({
  httpGet: object({
    path: string({ summary: 'Path.', default: '/' }), port: numberOrName({ summary: 'Port.' }), host: text('Host; the replica\'s own unless given.'),
    scheme: oneOf(['HTTP', 'HTTPS'], { summary: 'Scheme.', default: 'HTTP' }),
    httpHeaders: list(object({ name: string({ summary: 'Name.' }), value: string({ summary: 'Value.' }) }, { summary: 'One header.' }), { summary: 'Headers.', default: [] }),
  }, { summary: 'Ready when it answers 200 to 399.', optional: true }),
  tcpSocket: object({ port: numberOrName({ summary: 'Port.' }), host: text('Host.') }, { summary: 'Ready when it takes a connection.', optional: true }),
  exec: object({ command: list(string({ summary: 'Word.' }), { summary: 'Command and arguments.', minItems: 1 }) }, { summary: 'Ready when it ends with 0.', optional: true }),
  initialDelaySeconds: integer({ summary: 'Pause before the first probe.', default: 0, min: 0 }),
  periodSeconds: integer({ summary: 'Pause between probes.', default: 10, min: 1 }),
  timeoutSeconds: integer({ summary: 'Longest wait for one.', default: 1, min: 1 }),
  failureThreshold: integer({ summary: 'Failures in a row that count.', default: 3, min: 1 }),
  successThreshold: integer({ summary: 'Successes in a row that count.', default: 1, min: 1 }),
}, { summary: 'How a replica shows that it is ready.', optional: true })

const containerField = object({
  name: string({ summary: 'Name.', minLength: 1 }),
  image: text('Image.'),
  command: list(string({ summary: 'Word.' }), { summary: 'Program and first arguments.', optional: true, minItems: 1 }),
  args: list(string({ summary: 'Word.' }), { summary: 'Arguments.', default: [] }),
  workingDir: text('Folder it runs in.'),
  env: list(envField, { summary: 'Environment.', default: [] }),
  envFrom: list(envFromField, { summary: 'Environment from Secrets and ConfigMaps.', default: [] }),
  ports: list(object({
    name: text('Name.'), containerPort: integer({ summary: 'Number.', min: 1, max: 65535 }), protocol: oneOf(['TCP', 'UDP', 'SCTP'], { summary: 'Protocol.', default: 'TCP' }),
  }, { summary: 'One port.' }), { summary: 'Ports it listens on.', default: [] }),
  readinessProbe: probeField,
}, { summary: 'One container.' })

/** The part of a pod template that Tidegate reads. */
export const podTemplateField = object({
  metadata: object({
    labels: map(string({ summary: 'Value.' }), { summary: 'Labels.', default: {} }),
    annotations: map(string({ summary: 'Value.' }), { summary: 'Annotations.', default: {} }),
  }, { summary: 'Labels and annotations of the replicas.', default: {} }),
  spec: object({
    containers: list(containerField, { summary: 'Containers.', minItems: 1 }),
    terminationGracePeriodSeconds: integer({ summary: 'From SIGTERM to SIGKILL.', default: 30, min: 0 }),
  }, { summary: 'What a replica is.' }),
}, { summary: 'What replicas are made from.' })

export type Container = ValueOf<typeof containerField>
export type Probe = NonNullable<ValueOf<typeof probeField>>
