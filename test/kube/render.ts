import { parseAllDocuments } from 'yaml'
import { kubectl } from '../servers/kubectl.js'
import type { KubeObject } from '../servers/kube.js'

/** The objects of a YAML stream, empty documents left out. */
export function objectsIn (text: string): readonly KubeObject[] {
  return parseAllDocuments(text).map(document => document.toJS() as KubeObject | null).filter(object => object !== null)
}

/** The objects of a kustomization, as kubectl renders it. */
export async function kustomize (folder: string): Promise<readonly KubeObject[]> {
  const { code, out, error } = await kubectl(undefined, ['kustomize', folder])
  if (code !== 0) throw new Error(`kubectl kustomize ${folder}: ${error}`)
  return objectsIn(out)
}

/** The one object of a kind; several of a kind by their name. */
export function find (objects: readonly KubeObject[], kind: string, name?: string): KubeObject {
  const [found, another] = objects.filter(object => object.kind === kind && (name === undefined || object.metadata.name === name))
  if (found === undefined || another !== undefined) throw new Error(`${found === undefined ? 'no' : 'more than one'} ${kind} ${name ?? ''} among ${objects.map(o => `${o.kind} ${o.metadata.name}`).join(', ')}`)
  return found
}
