import type { KubeClient, KubeObject } from '../../test/servers/kube.js'

type Scaled = KubeObject & { readonly status?: { readonly conditions?: readonly { readonly type: string, readonly status: string }[] } }

/** Follows all ScaledObjects from outside the operator. */
export interface Followed {
  readonly ready: number
  readonly present: number
  /** Resolves when `likes` holds; rejects after so many seconds with how far it came. */
  until(likes: (now: Followed) => boolean, withinSeconds: number): Promise<void>
  stop(): Promise<void>
}

export function followScaledObjects (client: KubeClient): Followed {
  const isReady = new Map<string, boolean>()
  const stopping = new AbortController()
  const waiting = new Set<() => void>()
  const watching = client.watch<Scaled>('/apis/keda.sh/v1alpha1/scaledobjects', ({ type, object }) => {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
    if (type === 'DELETED') isReady.delete(key)
    else isReady.set(key, object.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') === true)
    for (const look of waiting) look()
  }, stopping.signal)
  const followed: Followed = {
    get ready () { return [...isReady.values()].filter(Boolean).length },
    get present () { return isReady.size },
    until: (likes, withinSeconds) => new Promise((resolve, reject) => {
      const look = (): void => { if (likes(followed)) end(resolve) }
      const late = setTimeout(() => end(() => reject(new Error(`after ${withinSeconds} s ${followed.ready} of ${followed.present} ScaledObjects are Ready`))), withinSeconds * 1000)
      const end = (then: () => void): void => {
        clearTimeout(late)
        waiting.delete(look)
        then()
      }
      waiting.add(look)
      look()
    }),
    async stop () {
      stopping.abort()
      await watching
    },
  }
  return followed
}
