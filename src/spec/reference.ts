import type { ConfigSpec } from './config-spec.js'
import type { Field, Source } from './field.js'
import { isRequired } from './json-schema.js'

/** What a reference page is made from; a plugin's definition has all of it. */
export interface ReferenceSubject {
  readonly type: string
  readonly title: string
  readonly summary: string
  readonly since: string
  readonly stability: string
  readonly config: ConfigSpec<unknown>
  readonly examples: readonly { readonly title: string, readonly yaml: string }[]
  /** More lines of the head: metric name, guarantee, key below `source`. */
  readonly facts: readonly (readonly [string, string])[]
}
export type PageFormat = 'terminal' | 'markdown'

/** One page that says everything about a component: what it is, every field, examples. Ends without a line break. */
export function referencePage (subject: ReferenceSubject, format: PageFormat): string {
  const facts: readonly (readonly [string, string])[] = [...subject.facts, ['Since', `${subject.since}, ${subject.stability}`], ...identities(subject.config)]
  const rows = rowsOf(subject.config)
  return format === 'markdown' ? markdown(subject, facts, rows) : terminal(subject, facts, rows)
}

interface Row { readonly name: string, readonly type: string, readonly value: string, readonly sources: string, readonly text: string }

function rowsOf (declared: ConfigSpec<unknown>): readonly Row[] {
  return Object.entries(declared.fields).map(([name, field]) => ({
    name, type: typeText(field), value: valueText(field), sources: sourcesText(name, field.options.from ?? ['metadata']),
    text: [field.options.summary, ...notes(field)].join(' '),
  }))
}

function typeText (field: Field<unknown>): string {
  if (field.kind === 'enum') return (field.values ?? []).join(' | ')
  if (field.kind === 'secret') return 'string, secret'
  if ((field.kind === 'list' || field.kind === 'map') && field.item !== undefined) return `${field.kind} of ${typeText(field.item)}`
  return field.kind
}

function valueText (field: Field<unknown>): string {
  if (field.default !== undefined) return typeof field.default === 'string' ? field.default === '' ? '""' : field.default : JSON.stringify(field.default)
  return isRequired(field) ? 'required' : 'optional'
}

function sourcesText (name: string, from: readonly Source[]): string {
  const words: Record<Source, string> = { metadata: 'field', auth: 'TriggerAuthentication', env: `${name}FromEnv` }
  return from.map(source => words[source]).join(', ')
}

function notes ({ options }: Field<unknown>): string[] {
  return [
    ...(options.aliases === undefined || options.aliases.length === 0 ? [] : [`Also read as ${options.aliases.join(', ')}.`]),
    ...(options.example === undefined ? [] : [`Example: ${options.example}.`]),
    ...(options.deprecated === undefined ? [] : [`Deprecated: ${options.deprecated}.`]),
    ...(options.notBuilt === undefined ? [] : ['Not built yet.']),
  ]
}

const identities = ({ identities: known }: ConfigSpec<unknown>): (readonly [string, string])[] =>
  known.length === 0 ? [] : [['Pod identity', known.join(', ')]]

function terminal (subject: ReferenceSubject, facts: readonly (readonly [string, string])[], rows: readonly Row[]): string {
  const width = Math.max(...facts.map(([label]) => label.length))
  return [
    `${subject.type}: ${subject.title}`, '', subject.summary, '',
    ...facts.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`), '',
    'Fields',
    ...rows.flatMap(row => [`  ${row.name}  (${row.type}; ${row.value})`, ...wrap(row.text, 76).map(line => `      ${line}`), ...(row.sources === 'field' ? [] : [`      from: ${row.sources}`])]),
    ...subject.examples.flatMap(({ title, yaml }) => ['', `Example: ${title}`, ...yaml.trimEnd().split('\n').map(line => `  ${line}`)]),
  ].join('\n')
}

function markdown (subject: ReferenceSubject, facts: readonly (readonly [string, string])[], rows: readonly Row[]): string {
  return [
    `# ${subject.type}`, '', `${subject.title}. ${subject.summary}`, '',
    ...facts.map(([label, text]) => `- ${label}: ${text}`), '',
    '| Field | Type | Default | From | |', '|---|---|---|---|---|',
    ...rows.map(row => `| ${[`\`${row.name}\``, row.type, row.value, row.sources, row.text].map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    ...subject.examples.flatMap(({ title, yaml }) => ['', `${title}:`, '', '```yaml', yaml.trimEnd(), '```']),
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
