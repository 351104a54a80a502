import type { Value } from './value.js'

/** A parsed formula. `at` is where a mistake of it is shown. */
export type Node = { readonly at: number } & (
  | { readonly kind: 'literal', readonly value: Value }
  | { readonly kind: 'name', readonly name: string }
  /** `#`, `#acc`, `#index` of the closure around it. */
  | { readonly kind: 'pointer', readonly name: string }
  | { readonly kind: 'unary', readonly operator: string, readonly operand: Node }
  | { readonly kind: 'binary', readonly operator: string, readonly left: Node, readonly right: Node }
  | { readonly kind: 'choice', readonly condition: Node, readonly yes: Node, readonly no: Node }
  | { readonly kind: 'list', readonly items: readonly Node[] }
  | { readonly kind: 'element', readonly of: Node, readonly key: Node }
  | { readonly kind: 'slice', readonly of: Node, readonly from: Node | undefined, readonly to: Node | undefined }
  | { readonly kind: 'let', readonly name: string, readonly value: Node, readonly body: Node }
  | { readonly kind: 'call', readonly name: string, readonly args: readonly Node[], readonly closure: Node | undefined }
)
