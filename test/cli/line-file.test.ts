import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { decisionFile } from '../../src/cli/decision-file.js'
import { lineFile } from '../../src/cli/line-file.js'
import { runCommand } from '../../src/cli/program.js'
import { Inbox } from '../../src/plugin/index.js'
import { testKit } from '../../src/plugin/testing/index.js'
import type { DecisionRecord } from '../../src/runtime/ports.js'

async function folder (): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-lines-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

test('lines are appended, and all are there after close, which may be called twice', async () => {
  const path = join(await folder(), 'lines')
  for (const line of ['a\n', 'b\n']) {
    const file = await lineFile(path, 'lines to', { onFailed: error => { throw error } })
    file.write(line)
    await file.close()
    await file.close()
  }
  expect(await readFile(path, 'utf8')).toBe('a\nb\n')
})

test('--record into a folder that is not there is refused before anything runs', async () => {
  const [dir, errors] = [await folder(), [] as string[]]
  const path = join(dir, 'nowhere', 'decisions.jsonl')
  const words = ['run', '-f', dir, '--state-dir', join(dir, 'state'), '--no-tui', '--record', path]
  expect(await runCommand(words, { out: () => undefined, error: text => errors.push(text) })).toBe(2)
  expect(errors[0]).toContain(`error TG_USAGE cannot write the decisions to ${path}: ENOENT`)
})

test.skipIf(!existsSync('/dev/full'))('a full disk is told once and ends nothing', async () => {
  const { log, lines } = testKit()
  const warned = new Inbox<void>()
  const decisions = await decisionFile('/dev/full', { ...log, warn: (fields, message) => { log.warn(fields, message); warned.push() } })
  const record = {} as DecisionRecord
  decisions.record(record)
  await warned.next()
  for (let i = 0; i < 3; i++) decisions.record(record)
  await decisions.close()
  expect(lines).toEqual([{ level: 'warn', fields: { file: '/dev/full', why: expect.stringContaining('ENOSPC') as string }, message: 'decisions are not recorded any more' }])
})
