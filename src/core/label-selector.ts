/** One requirement on a label; all must hold. */
export type Requirement =
  | { readonly kind: 'in' | 'not in', readonly key: string, readonly values: readonly string[] }
  | { readonly kind: 'exists' | 'absent', readonly key: string }
export type Selector = readonly Requirement[]

const key = '(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?'
const value = '(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?'
const equality = new RegExp(`^(${key})\\s*(==|=|!=)\\s*(${value})$`)
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const presence = new RegExp(`^(!?)\\s*(${key})$`)

/** A label selector as kubectl writes it (`app=web,!canary,tier in (a,b)`); undefined when it is none. Empty text, and `""` as charts write it, selects everything. */
export function parseSelector (text: string): Selector | undefined {
  if (['', '""'].includes(text.trim())) return []
  const requirements = text.split(/,(?![^(]*\))/).map(part => parseRequirement(part.trim()))
  return requirements.every(r => r !== undefined) ? requirements : undefined
}

function parseRequirement (text: string): Requirement | undefined {
  const equal = equality.exec(text)
  if (equal !== null) return { kind: equal[2] === '!=' ? 'not in' : 'in', key: equal[1] ?? '', values: [equal[3] ?? ''] }
  const member = membership.exec(text)
  if (member !== null) return { kind: member[2] === 'in' ? 'in' : 'not in', key: member[1] ?? '', values: (member[3] ?? '').split(',').map(v => v.trim()) }
  const present = presence.exec(text)
  return present === null ? undefined : { kind: present[1] === '!' ? 'absent' : 'exists', key: present[2] ?? '' }
}

export function matchesSelector (selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(requirement => {
    const label = labels[requirement.key]
    switch (requirement.kind) {
      case 'in': return label !== undefined && requirement.values.includes(label)
      case 'not in': return label === undefined || !requirement.values.includes(label)
      case 'exists': return label !== undefined
      case 'absent': return label === undefined
    }
  })
}
