import type { KubeObject } from './client.js'

interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly env?: readonly { readonly name: string, readonly value?: string }[]
  readonly readinessProbe?: { readonly httpGet?: { readonly path?: string } }
}
/** The part of a pod that the fake kubelet reads. */
export interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string, readonly terminationGracePeriodSeconds?: number, readonly containers: readonly Container[] }
  readonly status?: { readonly phase?: string, readonly podIP?: string, readonly conditions?: readonly { readonly type: string, readonly status: string }[] }
}
