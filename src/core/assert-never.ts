/** Ends a `switch` that returns: a case that the compiler let through is a defect, and says which. */
export function assertNever (value: never): never {
  throw new Error(`unexpected case: ${JSON.stringify(value)}`)
}
