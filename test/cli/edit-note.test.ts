import { expect, test } from 'vitest'
import { editNote } from '../../src/cli/edit-note.js'
import type { FileEdit } from '../../src/manifest/index.js'

const change = (name: string, what: FileEdit['changes'][number]['what'], namespace = 'default') => ({ ref: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }, what })

test.each<[FileEdit['how'], FileEdit['changes'], string | undefined]>([
  ['taken', [change('worker', 'changed')], 'taken: Deployment worker changed'],
  ['left', [change('a', 'removed', 'media'), change('b', 'removed')], 'left: Deployment media/a removed, Deployment b removed'],
  ['mended', [], 'mended'],
  ['taken', [], undefined],
  ['taken', ['a', 'b', 'c', 'd', 'e', 'f'].map(name => change(name, 'added')), 'taken: Deployment a added, Deployment b added, Deployment c added, Deployment d added, 2 more'],
])('%s of %j is told as %s', (how, changes, note) => expect(editNote({ file: 'a.yaml', how, changes })).toBe(note))
