/** What a terminal can show. */
export interface TerminalAbilities {
  /** It is a person's terminal that can be repainted in place; otherwise log lines serve better. */
  readonly live: boolean
  readonly colors: boolean
}

/**
 * `NO_COLOR` (any text) switches colours off and `FORCE_COLOR` on, as no-color.org and force-color.org ask;
 * `TERM=dumb` cannot move its cursor; a CI job keeps every repaint in its log, so that it gets lines.
 */
export function terminalAbilities (out: { readonly isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): TerminalAbilities {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== ''
  const isTerminal = out.isTTY === true && env['TERM'] !== 'dumb'
  const forced = isSet('FORCE_COLOR') && env['FORCE_COLOR'] !== '0'
  return { live: isTerminal && !isSet('CI'), colors: !isSet('NO_COLOR') && (forced || isTerminal) }
}
