import { resourceKey, type CustomResource } from './custom-resource.js'

/** The newest resourceVersion that we know of each object of ours: the watch is behind our own writes for a moment. */
export class Revisions {
  readonly #written = new Map<string, { readonly seen: string, readonly version: string }>()

  /** Versions cannot be ordered: what we wrote counts until the watch moves on from what it showed then. */
  of (resource: CustomResource): string {
    const written = this.#written.get(resourceKey(resource.ref))
    return written !== undefined && written.seen === resource.version ? written.version : resource.version
  }

  wrote (resource: CustomResource, version: string | undefined): void {
    if (version !== undefined) this.#written.set(resourceKey(resource.ref), { seen: resource.version, version })
  }
}
