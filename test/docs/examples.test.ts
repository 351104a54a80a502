import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lint } from '../../src/cli/commands/lint.js'

const examples = readdirSync('examples')
const pages = ['README.md', ...examples.map(example => `examples/${example}/README.md`), ...markdownBelow('docs')]
/** Blocks that are whole documents. Those of scalers, connectors and decisions are fragments. */
const documents = pages.filter(page => !/^docs\/(reference\/(scalers|connectors)|decisions)\//.test(page))
  .flatMap(page => yamlOf(page).map((block, i) => ({ where: `${page}, block ${i + 1}`, page, block })))

describe('examples', () => {
  test.each(examples)('%s has nothing that lint would say', async example => {
    expect(await lintOf(`examples/${example}/k8s`)).toEqual({ code: 0, says: [expect.stringMatching(/: 0 errors, 0 warnings$/)] })
  })

  test.each(examples)('the lockfile of %s names no registry', example => {
    expect(readFileSync(`examples/${example}/package-lock.json`, 'utf8')).not.toContain('"resolved"')
  })
})

describe('pages', () => {
  test('README, kinds and the guides have YAML to lint', () => {
    expect(new Set(documents.map(({ page }) => page))).toEqual(new Set([
      'README.md', 'docs/delivery.md', 'docs/local.md',
      ...['scaledjob', 'scaledobject', 'tidegate-yaml', 'trigger', 'triggerauthentication'].map(kind => `docs/reference/kinds/${kind}.md`),
    ]))
  })

  test.each(documents)('$where has no errors', async ({ page, block }) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-docs-'))
    writeFileSync(join(folder, page.endsWith('tidegate-yaml.md') ? 'tidegate.yaml' : 'block.yaml'), block)
    const { code, says } = await lintOf(folder)
    const errors = says.filter(line => line.includes(' error '))
    expect({ errors, code }).toEqual({ errors: [], code: 0 })
    expect(says.at(-1)).toMatch(page.endsWith('tidegate-yaml.md') ? /0 objects/ : /[1-9]\d* objects?/)
  })

  test.each(pages)('the links of %s lead somewhere', page => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, to]) => to ?? '')
    expect(links.filter(to => !existsSync(join(dirname(page), to)))).toEqual([])
  })

  test('docs/delivery.md stays short', () => {
    expect(readFileSync('docs/delivery.md', 'utf8').split(/\s+/).filter(word => /\w/.test(word)).length).toBeLessThanOrEqual(700)
  })
})

function yamlOf (page: string): readonly string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block]) => block ?? '')
}

function markdownBelow (folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md')).map(path => join(folder, path))
}

async function lintOf (path: string): Promise<{ code: number, says: string[] }> {
  const says: string[] = []
  const code = await lint([path], { recursive: false }, { out: line => says.push(line), error: line => says.push(line) })
  return { code, says }
}
