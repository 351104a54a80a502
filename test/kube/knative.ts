import type { KubeControlPlane } from '../servers/kube.js'
import type { Scaled } from './operator.js'
import { conditionOf } from './operator.js'

/** Knative's kind of function, as an API server has it where Knative Serving is installed; nobody acts on it. */
export async function installKnative ({ admin }: KubeControlPlane): Promise<void> {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'services.serving.knative.dev' },
    spec: {
      group: 'serving.knative.dev', scope: 'Namespaced', names: { kind: 'Service', listKind: 'ServiceList', plural: 'services', singular: 'service', shortNames: ['ksvc'] },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } } }],
    },
  }
  await admin.apply(definition)
  await admin.until<Scaled>(await admin.pathOf(definition), c => conditionOf(c, 'Established')?.status === 'True')
}
