import { names } from '../core/names.js'
import type { Problem } from '../spec/index.js'

/** The name is the value of a label on what KEDA makes, or on the Jobs of ours, and stays exchangeable with it. */
export function nameRule (kind: 'ScaledObject' | 'ScaledJob', name: string): Problem[] {
  const word = kind.toLowerCase()
  return name.length <= 63 ? [] : [{
    code: 'TG_CONFIG_INVALID', severity: 'error', path: ['metadata', 'name'],
    message: `${word} name "${name}" is ${name.length} characters long; must be no more than 63 characters because it is used as the "${word}.${names.kedaGroup}/name" label value`,
  }]
}
