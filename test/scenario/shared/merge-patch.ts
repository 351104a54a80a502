type Values = Readonly<Record<string, unknown>>

const isMapping = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386: what an API server does with a merge patch. */
export function mergePatch (target: Values, patch: Values): Values {
  const merged: Record<string, unknown> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = isMapping(value) ? mergePatch(isMapping(merged[key]) ? merged[key] : {}, value) : value
  }
  return merged
}
