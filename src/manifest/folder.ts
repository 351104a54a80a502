import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errorMessage, TidegateError } from '../core/errors.js'
import type { Problem } from '../spec/index.js'
import { parseManifests, type Manifest, type ParsedFile } from './parse.js'

export interface FolderOptions {
  /** Folders below a folder too. Off, as kubectl has it. */
  readonly recursive?: boolean
}

export interface ReadFile extends ParsedFile { readonly file: string }
export interface Folder {
  readonly files: readonly ReadFile[]
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
}

/**
 * Reads the manifests of files and folders: `.yaml`, `.yml`, `.json`, in the order of their names. Files are named as the user named their folder.
 * Rejects with TG_USAGE when a path leads nowhere.
 */
export async function manifestFolder (paths: readonly string[], options: FolderOptions = {}): Promise<Folder> {
  const lists = await Promise.all(paths.map(path => filesAt(path, options)))
  const names = [...new Set(lists.flat())]
  const files = await Promise.all(names.map(readManifestFile))
  return { files, manifests: files.flatMap(f => f.manifests), problems: files.flatMap(f => f.problems) }
}

/** tidegate.yaml is settings though it says no kind. */
export const isSettingsFile = (file: string): boolean => /^tidegate[.]ya?ml$/.test(basename(file))

async function filesAt (path: string, { recursive = false }: FolderOptions): Promise<string[]> {
  const there = await stat(path).catch((cause: unknown) => {
    throw new TidegateError('TG_USAGE', `no file or folder "${path}"`, { cause, hint: 'name a manifest or a folder of manifests' })
  })
  if (!there.isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const sorted = [...entries].sort((a, b) => a.name < b.name ? -1 : 1)
  const nested = await Promise.all(sorted.map(async entry => {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) return recursive && entry.name !== 'node_modules' ? await filesAt(inner, { recursive }) : []
    return isManifestFile(entry.name) ? [inner] : []
  }))
  return nested.flat()
}

export const isManifestFile = (name: string): boolean => /[.](ya?ml|json)$/.test(name)

async function readManifestFile (file: string): Promise<ReadFile> {
  try {
    return { file, ...await parseManifests(file, await readFile(file, 'utf8')) }
  } catch (error) {
    const origin = { kind: 'file', file, locate: () => ({ line: 1, column: 1 }) } as const
    return { file, manifests: [], problems: [{ code: 'TG_CONFIG_SYNTAX', severity: 'error', path: [], message: `cannot be read: ${errorMessage(error)}`, hint: 'check that the file is there and readable', origin }] }
  }
}
