/** One metric by its name, and the labels that it must have. */
interface Selector { readonly name: string, readonly labels: readonly (readonly [string, string])[] }

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const label = '([a-zA-Z_][a-zA-Z0-9_]*)\\s*=\\s*"((?:[^"\\\\]|\\\\.)*)"'
const labels = `\\{\\s*(?:${label.replace(/\((?!\?)/g, '(?:')}\\s*,?\\s*)*\\}`
const selectorLine = new RegExp(`^(${name})\\s*(${labels})?$`)
const sampleLine = new RegExp(`^(${name})\\s*(${labels})?\\s+(\\S+)`)

/** Why a text names no metric; undefined when it does. */
export function metricProblem (text: string): string | undefined {
  return selectorOf(text) === undefined ? 'must be the name of a metric, with labels as in jobs{queue="mail"}; other matchers than = are not understood' : undefined
}

/** The first sample of the text exposition format that the selector names; undefined where there is none. Not a number counts as none. */
export function prometheusValue (body: string, text: string): number | undefined {
  const wanted = selectorOf(text)
  if (wanted === undefined) return undefined
  for (const line of body.split(/\r?\n/)) {
    const [, found, foundLabels = '', value = ''] = sampleLine.exec(line.trim()) ?? []
    if (found !== wanted.name) continue
    const present = new Map(labelsOf(foundLabels))
    if (wanted.labels.every(([key, expected]) => present.get(key) === expected) && Number.isFinite(Number(value))) return Number(value)
  }
  return undefined
}

function selectorOf (text: string): Selector | undefined {
  const [, found, written = ''] = selectorLine.exec(text.trim()) ?? []
  return found === undefined ? undefined : { name: found, labels: labelsOf(written) }
}

const escapes: Readonly<Record<string, string>> = { n: '\n' }

const labelsOf = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(new RegExp(label, 'g'))].map(([, key = '', value = '']) => [key, value.replace(/\\(.)/g, (_, sign: string) => escapes[sign] ?? sign)])
