/**
 * Kubernetes' `$(VAR)` in command, args and env values: a known name is replaced, an unknown one stays as it is written,
 * `$$` stands for one `$` (so `$$(VAR)` gives the text `$(VAR)`).
 */
export function expandVariables (text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (written, name: string | undefined) =>
    name === undefined ? '$' : variables.get(name) ?? written)
}
