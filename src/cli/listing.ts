interface Listed { readonly type: string, readonly summary: string, readonly stability: string }

/** One line for each component: its type and what it is. */
export function listing (components: readonly Listed[]): readonly string[] {
  const width = Math.max(...components.map(c => c.type.length))
  return components.map(c => `${c.type.padEnd(width)}  ${c.summary}${c.stability === 'stable' ? '' : ` (${c.stability})`}`)
}
