import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from 'yaml'
import type { Path } from '../spec/index.js'

export interface Place { readonly line: number, readonly column: number }

/** Place of a path in a YAML document: of its key, or of the nearest ancestor that is there. 1-based. */
export function placeOf (document: Document, lines: LineCounter, path: Path): Place {
  let node: unknown = document.contents
  let offset = startOf(document.contents) ?? 0
  for (const part of path) {
    const step = into(document, node, part)
    if (step === undefined) break
    node = step.value
    offset = startOf(step.mark) ?? offset
  }
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function into (document: Document, node: unknown, part: string | number): { readonly mark: unknown, readonly value: unknown } | undefined {
  const resolved = isAlias(node) ? node.resolve(document) : node
  if (isMap(resolved)) {
    const pair = resolved.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
    return pair === undefined ? undefined : { mark: pair.key, value: pair.value }
  }
  if (!isSeq(resolved) || typeof part !== 'number' || part >= resolved.items.length) return undefined
  return { mark: resolved.items[part], value: resolved.items[part] }
}

const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]
