import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { helm } from '../servers/helm.js'
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

/** The base with components beside it, named by their folders below deploy/. */
export async function withComponents (...components: readonly string[]): Promise<readonly KubeObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-kustomize-'))
  const path = (name: string): string => relative(folder, join('deploy', name))
  try {
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [path('manifests')], components: components.map(path) }))
    return await kustomize(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The objects of the chart, as helm renders it for a release in the namespace `tidegate`. Rejects with what helm says. */
export async function chart (values: Readonly<Record<string, unknown>> = {}): Promise<readonly KubeObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-helm-'))
  const file = join(folder, 'values.yaml')
  try {
    await writeFile(file, JSON.stringify(values))
    const { code, out, error } = await helm(undefined, ['template', 'tidegate', 'deploy/chart', '--namespace', 'tidegate', '--values', file], folder)
    if (code !== 0) throw new Error(error)
    return objectsIn(out)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
