import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lint } from '../../src/cli/commands/lint.js'

const examples = readdirSync('examples')

describe('examples', () => {
  test.each(examples)('%s has nothing that lint would say', async example => {
    expect(await lintOf(`examples/${example}/k8s`)).toEqual({ code: 0, says: [expect.stringMatching(/: 0 errors, 0 warnings$/)] })
  })

  test.each(examples)('the lockfile of %s names no registry', example => {
    expect(readFileSync(`examples/${example}/package-lock.json`, 'utf8')).not.toContain('"resolved"')
  })
})

test('the manifests in the README have no errors', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-readme-'))
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block]) => block ?? '')
  expect(blocks.length).toBeGreaterThan(0)
  blocks.forEach((block, i) => writeFileSync(join(folder, `block-${i}.yaml`), block))
  const { code, says } = await lintOf(folder)
  expect(says.filter(line => line.includes(' error '))).toEqual([])
  expect(code).toBe(0)
})

async function lintOf (path: string): Promise<{ code: number, says: string[] }> {
  const says: string[] = []
  const code = await lint([path], { recursive: false }, { out: line => says.push(line), error: line => says.push(line) })
  return { code, says }
}
