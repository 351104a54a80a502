import type { ConfigSpec } from './config-spec.js'
import { notBuiltOf, rowsOf, type Row } from './reference-rows.js'

/** What a reference page is made from; a plugin's definition has all of it. */
export interface ReferenceSubject {
  readonly type: string
  readonly title: string
  readonly summary: string
  readonly since?: string
  readonly stability?: string
  readonly config: ConfigSpec<unknown>
  /** Paths of fields that are read and checked, and refused when they are to act. */
  readonly notRun?: readonly string[]
  readonly examples: readonly { readonly title: string, readonly yaml: string }[]
  /** More lines of the head: metric name, guarantee, key below `source`. */
  readonly facts: Facts
  /** Further lists, below the fields. */
  readonly lists?: readonly { readonly title: string, readonly entries: Facts }[]
}
export type PageFormat = 'terminal' | 'markdown'

type Facts = readonly (readonly [string, string])[]

interface Page { readonly subject: ReferenceSubject, readonly facts: Facts, readonly rows: readonly Row[], readonly notBuilt: readonly string[] }

/** One page that says everything about a component or a kind: what it is, every field, what is not built, examples. Ends without a line break. */
export function referencePage (subject: ReferenceSubject, format: PageFormat): string {
  const { config, notRun = [], since, stability } = subject
  const page: Page = {
    subject,
    facts: [...subject.facts, ...(since === undefined ? [] : [['Since', [since, stability].join(', ')] as const]), ...identities(config)],
    rows: rowsOf(config.fields, new Set(notRun)),
    notBuilt: [...notBuiltOf(config.fields), ...notRun],
  }
  return format === 'markdown' ? markdown(page) : terminal(page)
}

const identities = ({ identities: known }: ConfigSpec<unknown>): Facts => known.length === 0 ? [] : [['Pod identity', known.join(', ')]]

const notBuiltYet = 'Not built yet, and refused with a hint'

/** A title that only repeats the name is left out. */
const introduction = ({ type, title, summary }: ReferenceSubject): string => title === type ? summary : `${title}. ${summary}`

function terminal ({ subject, facts, rows, notBuilt }: Page): string {
  const { type, title, summary, lists = [], examples } = subject
  return [
    title === type ? type : `${type}: ${title}`, '', summary, '', ...columns(facts), '',
    'Fields',
    ...rows.flatMap(row => [`  ${row.name}  (${row.type}; ${row.value})`, ...wrap(row.text, 76).map(line => `      ${line}`), ...(row.sources === 'field' ? [] : [`      from: ${row.sources}`])]),
    ...(notBuilt.length === 0 ? [] : ['', notBuiltYet, ...wrap(notBuilt.join(', '), 78).map(line => `  ${line}`)]),
    ...lists.flatMap(list => ['', list.title, ...columns(list.entries)]),
    ...examples.flatMap(({ title, yaml }) => ['', `Example: ${title}`, ...yaml.trimEnd().split('\n').map(line => `  ${line}`)]),
  ].join('\n')
}

function columns (entries: Facts): readonly string[] {
  const width = Math.max(...entries.map(([label]) => label.length))
  return entries.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)
}

function markdown ({ subject, facts, rows, notBuilt }: Page): string {
  const { lists = [], examples } = subject
  // Who may give a value is worth a column only where it is not always the field itself.
  const hasSources = rows.some(row => row.sources !== 'field')
  const cells = (row: Row): readonly string[] => [`\`${row.name}\``, row.type, row.value, ...(hasSources ? [row.sources] : []), row.text]
  return [
    `# ${subject.type}`, '', introduction(subject), '',
    ...facts.map(([label, text]) => `- ${label}: ${text}`), '',
    ...(hasSources ? ['| Field | Type | Default | From | |', '|---|---|---|---|---|'] : ['| Field | Type | Default | |', '|---|---|---|---|']),
    ...rows.map(row => `| ${cells(row).map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    ...(notBuilt.length === 0 ? [] : ['', `${notBuiltYet}: ${notBuilt.map(name => `\`${name}\``).join(', ')}.`]),
    ...lists.flatMap(list => ['', `${list.title}:`, '', ...list.entries.map(([name, text]) => `- \`${name}\`: ${text}`)]),
    ...examples.flatMap(({ title, yaml }) => ['', `${title}:`, '', '```yaml', yaml.trimEnd(), '```']),
  ].join('\n')
}

function wrap (text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
