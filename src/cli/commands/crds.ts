import { stringify } from 'yaml'
import { crdsOf, type CrdGroup } from '../../api/index.js'
import type { ExitCode, Output } from '../command.js'

/** Writes the CustomResourceDefinitions of a group, ready for `kubectl apply --server-side -f -`. */
export async function crds (group: CrdGroup, output: Output): Promise<ExitCode> {
  output.out(crdsOf(group).map(crd => stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n').trimEnd())
  return 0
}
