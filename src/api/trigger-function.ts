import { any, list, numberOrName, object, oneOf, string, type Violation } from '../spec/index.js'

const later = (summary: string, notBuilt: string) => any({ summary, optional: true, notBuilt })

const headerField = object({
  name: string({ summary: 'Name.', pattern: /^[A-Za-z0-9!#$%&'*+.^_|~-]+$/, mustBe: 'must be a header name' }),
  value: string({ summary: 'Value.' }),
  valueFrom: later('Value from a Secret or ConfigMap.', 'write a literal value'),
  expression: later('Value made from the event.', 'write a literal value'),
}, { summary: 'One header.' })

const fields = {
  name: string({ summary: 'Name of the Service, Deployment or Knative Service.', optional: true, minLength: 1 }),
  kind: oneOf(['Auto', 'Service', 'Deployment', 'KnativeService'], { summary: 'What the name is of; Auto is the Service of that name, or the Deployment where there is none. Knative scales its Services itself.', default: 'Auto' }),
  url: string({ summary: 'Address outside the cluster, http or https.', optional: true, pattern: /^https?:\/\/[^/\s]+/, mustBe: 'must be an http or https URL with a host' }),
  namespace: string({ summary: 'Namespace of the function; the Trigger\'s own unless given. Another one must allow it: tidegate.dev/allow-triggers-from on the function.', optional: true, minLength: 1 }),
  port: numberOrName({ summary: 'Port of the Service, or of the container of a Deployment; number or name, its first unless given.', optional: true }),
  path: string({ summary: 'Path of the request.', default: '' }),
  method: oneOf(['POST', 'PUT', 'PATCH'], { summary: 'Method of the request.', default: 'POST' }),
  envelope: oneOf(['Auto', 'Raw', 'CloudEventsBinary', 'CloudEventsStructured'], { summary: 'How an event is put into a request; Auto is CloudEventsBinary.', default: 'Auto' }),
  headers: list(headerField, { summary: 'Headers of every request.', default: [] }),
  success: list(string({ summary: 'A status, or a range.', pattern: /^[1-5]\d\d(-[1-5]\d\d)?$/, mustBe: 'must be a status such as 204 or a range such as 200-299' }),
    { summary: 'Statuses that count as success.', default: ['200-299'], minItems: 1 }),
  ref: later('Any object with an address.', 'use name'),
  platform: later('Whose calling convention is followed.', 'write path, method and headers as the platform wants them'),
  protocol: later('HTTP version.', 'remove it: HTTP/1.1 is spoken'),
  contentType: later('Content type of the request.', 'remove it: the event\'s own is used'),
  auth: later('Authentication at the function.', 'write a literal Authorization header'),
  tls: later('Certificate authority of the function.', 'use a certificate that the system trusts'),
}

/** The function that events are delivered to. */
export const functionField = object(fields, { summary: 'Where events are delivered.', checks: [oneAddress, fitsKind, localPath] })

function oneAddress ({ name, url }: { readonly name: string | undefined, readonly url: string | undefined }): Violation[] {
  if (name !== undefined && url !== undefined) return [{ field: 'url', message: 'excludes name', hint: 'keep one of them' }]
  return name === undefined && url === undefined ? [{ field: '', code: 'TG_CONFIG_MISSING', message: 'needs name or url', hint: 'for example name: todo-audit' }] : []
}

function fitsKind ({ kind, url, port }: { readonly kind: string, readonly url: string | undefined, readonly port: number | string | undefined }): Violation[] {
  if (url !== undefined && kind !== 'Auto') return [{ field: 'kind', message: 'is of a name, and there is a url', hint: 'keep one of them' }]
  return kind === 'KnativeService' && port !== undefined ? [{ field: 'port', message: 'a Knative Service has its own address', hint: 'remove it' }] : []
}

function localPath ({ path }: { readonly path: string }): Violation[] {
  return path === '' || path.startsWith('/') ? [] : [{ field: 'path', code: 'TG_CONFIG_INVALID', message: `"${path}" must begin with /` }]
}
