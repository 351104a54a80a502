import { isMapping } from '../spec/read.js'
import type { Origin, Problem } from '../spec/index.js'
import { placeOf } from './yaml-place.js'

export type FileOrigin = Extract<Origin, { kind: 'file' }>

/** One object of a file, as written. */
export interface Manifest { readonly raw: unknown, readonly origin: FileOrigin }
export interface ParsedFile { readonly manifests: readonly Manifest[], readonly problems: readonly Problem[] }

/** What to do about each of the parser's complaints that people meet most. */
const hints: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'keep one of the two',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the entries of one mapping or list alike',
  MISSING_CHAR: 'close the quote or the bracket',
  MULTILINE_IMPLICIT_KEY: 'put a space after the colon, or quote the text',
  BLOCK_AS_IMPLICIT_KEY: 'put a value with a colon in quotes, or indent it',
}

/**
 * Reads YAML (or JSON) text: several documents, lists unrolled. A document with a syntax error gives problems and no manifest;
 * the others are read. The `yaml` package is loaded when the first text comes.
 */
export async function parseManifests (file: string, text: string): Promise<ParsedFile> {
  if (file.endsWith('.json') && isForeignJson(text)) return { manifests: [], problems: [] }
  const { LineCounter, parseAllDocuments } = await import('yaml')
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const manifests: Manifest[] = []
  const problems: Problem[] = []
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const { code, message, pos } of document.errors) {
      const { line, col } = lines.linePos(pos[0])
      const place = { line: Math.max(1, line), column: Math.max(1, col) }
      const origin: FileOrigin = { kind: 'file', file, locate: () => place }
      problems.push({ code: 'TG_CONFIG_SYNTAX', severity: 'error', path: [], message: lowerFirst(message), hint: hints[code] ?? 'correct the YAML at this place', origin })
    }
    if (document.errors.length > 0 || document.contents === null) continue
    const origin: FileOrigin = { kind: 'file', file, locate: path => placeOf(document, lines, path) }
    try {
      manifests.push(...unroll({ raw: document.toJS(), origin }))
    } catch (error) { // an alias to nothing, or too many of them
      problems.push({ code: 'TG_CONFIG_SYNTAX', severity: 'error', path: [], message: lowerFirst(error instanceof Error ? error.message : String(error)), hint: 'write the values out', origin })
    }
  }
  return { manifests, problems }
}

/** A `kind: List` stands for its items; places go on being those of the list. */
function unroll ({ raw, origin }: Manifest): Manifest[] {
  if (!isMapping(raw) || raw['kind'] !== 'List' || !Array.isArray(raw['items'])) return [{ raw, origin }]
  return raw['items'].flatMap((item: unknown, i) =>
    unroll({ raw: item, origin: { kind: 'file', file: origin.file, locate: path => origin.locate(['items', i, ...path]) } }))
}

/** package.json and its like lie beside manifests; they are not read with places, which costs seconds for a lockfile. */
function isForeignJson (text: string): boolean {
  try {
    const raw: unknown = JSON.parse(text)
    return !isMapping(raw) || (raw['apiVersion'] === undefined && raw['kind'] === undefined)
  } catch {
    return false // the parser that knows places says where it is broken
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
