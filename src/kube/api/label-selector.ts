/** A LabelSelector as an object has it. */
export interface WireSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string, readonly operator: string, readonly values?: readonly string[] }[]
}

/**
 * A selector as the query of a list takes it: everything that it asks for, and no less. Empty where it asks for nothing, or has an operator that we do not
 * know: as a query that would select every pod of the namespace, so nobody may use it as one.
 */
export function labelSelectorOf ({ matchLabels = {}, matchExpressions = [] }: WireSelector = {}): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => requirementOf(key, operator, values))
  if (expressions.includes(undefined)) return ''
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(',')
}

function requirementOf (key: string, operator: string, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'In': return `${key} in (${values.join(',')})`
    case 'NotIn': return `${key} notin (${values.join(',')})`
    case 'Exists': return key
    case 'DoesNotExist': return `!${key}`
    default: return undefined
  }
}
