import { map, object, string, integer, type ValueOf } from '../spec/index.js'

const text = string({ summary: 'Text.' })

/** Name of an object: a DNS subdomain, as Kubernetes takes it. */
export const objectName = string({
  summary: 'Name, unique among the objects of its kind in its namespace.', maxLength: 253, example: 'thumbnails',
  pattern: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, mustBe: 'must be lower-case letters, digits, "-" and "."',
})

/** What every kind's `metadata` has. Other keys (managedFields, finalizers …) are kept and not looked at. */
export const metadataField = object({
  name: objectName,
  namespace: string({ summary: 'Namespace; "default" unless given.', optional: true, minLength: 1 }),
  uid: string({ summary: 'Set by the API server.', optional: true }),
  resourceVersion: string({ summary: 'Set by the API server.', optional: true }),
  creationTimestamp: string({ summary: 'RFC 3339; set by the API server.', optional: true }),
  deletionTimestamp: string({ summary: 'RFC 3339; set while the object is being deleted.', optional: true }),
  generation: integer({ summary: 'Counts changes of the spec; set by the API server.', optional: true }),
  labels: map(text, { summary: 'Labels.', default: {} }),
  annotations: map(text, { summary: 'Annotations.', default: {} }),
}, { summary: 'Name, namespace, labels and annotations.', open: true })

/** `namespace` is empty for kinds that are cluster-wide. */
export type Metadata = Omit<ValueOf<typeof metadataField>, 'namespace'> & { readonly namespace: string }
