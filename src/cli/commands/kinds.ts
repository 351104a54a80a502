import { TidegateError } from '../../core/errors.js'
import type { Registry } from '../../registry/registry.js'
import { didYouMean, referencePage, type PageFormat } from '../../spec/index.js'
import { builtins } from '../builtins.js'
import { listing } from '../listing.js'
import type { ExitCode, Output } from '../command.js'
import { kindSubjects } from '../kind-subjects.js'

/** Lists what can be written in a manifest, or shows the page of one kind, named as kubectl takes it. Rejects with TG_CONFIG_UNKNOWN_KIND. */
export async function kinds (name: string | undefined, format: PageFormat, output: Output, registry: Registry = builtins): Promise<ExitCode> {
  const subjects = kindSubjects(registry)
  if (name === undefined) {
    for (const line of listing(subjects.map(({ type, summary }) => ({ type, summary, stability: 'stable' })))) output.out(line)
    output.out('tidegate kinds KIND shows every field, with examples.')
    return 0
  }
  const subject = subjects.find(({ type, names }) => [type, ...names].some(known => known.toLowerCase() === name.toLowerCase()))
  if (subject === undefined) {
    throw new TidegateError('TG_CONFIG_UNKNOWN_KIND', `no kind "${name}"`, { hint: didYouMean(name, subjects.map(s => s.type)) ?? 'see `tidegate kinds`' })
  }
  output.out(referencePage(subject, format))
  return 0
}
