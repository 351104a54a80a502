/** What a schema found, in the words of zod's issues. */
export interface LeafIssue {
  readonly code: string
  readonly message: string
  readonly minimum?: unknown
  readonly maximum?: unknown
  /** Whether the bound itself is allowed. */
  readonly inclusive?: boolean
  /** What was too small or too large: the `string`, or its number. */
  readonly origin?: string
}

/** As much of a zod schema as is used of it: what plugin authors see of a field must not make them install zod. */
export interface LeafSchema {
  safeParse(raw: unknown): { readonly success: true } | { readonly success: false, readonly error: { readonly issues: readonly LeafIssue[] } }
}
