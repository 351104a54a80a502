import type { Origin } from '../spec/problem.js'
export interface Resource { readonly kind: string, readonly origin?: Origin }
