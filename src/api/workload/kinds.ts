import { any, integer, list, map, numberOrName, object, oneOf, string, type ValueOf } from '../../spec/index.js'
import { podTemplateField } from './pod.js'

const texts = (summary: string) => map(string({ summary: 'Value.' }), { summary, default: {} })

export const deploymentSpec = object({
  replicas: integer({ summary: 'Wished count.', default: 1, min: 0 }),
  selector: object({ matchLabels: texts('Labels.') }, { summary: 'Which replicas are its own.' }),
  template: podTemplateField,
}, { summary: 'A number of equal replicas.' })

export const serviceSpec = object({
  selector: texts('Labels of the replicas behind it.'),
  ports: list(object({
    name: string({ summary: 'Name.', optional: true }),
    port: integer({ summary: 'Port of the Service.', min: 1, max: 65535 }),
    targetPort: numberOrName({ summary: 'Port of the container; the same number unless given.', optional: true }),
    protocol: oneOf(['TCP', 'UDP', 'SCTP'], { summary: 'Protocol.', default: 'TCP' }),
  }, { summary: 'One port.' }), { summary: 'Ports.', default: [] }),
  type: oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'], { summary: 'Who can reach it.', default: 'ClusterIP' }),
}, { summary: 'One address for the ready replicas.' })

export const secretBody = {
  data: texts('Values in base64.'),
  stringData: texts('Values as text; they win.'),
  type: string({ summary: 'What it holds.', optional: true }),
  immutable: any({ summary: 'Never changes.', optional: true }),
}

export const configMapBody = {
  data: texts('Values.'),
  binaryData: texts('Values in base64.'),
  immutable: any({ summary: 'Never changes.', optional: true }),
}

export type DeploymentSpec = ValueOf<typeof deploymentSpec>
export type ServiceSpec = ValueOf<typeof serviceSpec>
