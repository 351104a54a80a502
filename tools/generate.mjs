// Writes the generated files from the declarations they are read from; `--check` writes nothing and fails when one is not current.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedFiles } from './generated-files.mjs'
import { root } from './load-ts.mjs'

const wanted = await generatedFiles()
const present = ['docs/reference/kinds', 'docs/reference/scalers', 'docs/reference/connectors', 'deploy/chart/files'].flatMap(filesIn)
const stale = [...wanted].filter(([path, text]) => read(path) !== text).map(([path]) => path)
const left = present.filter(path => !wanted.has(path))

if (process.argv.includes('--check')) check()
else write()

function check () {
  for (const path of stale) console.error(`${path} is not current`)
  for (const path of left) console.error(`${path} is left over`)
  if (stale.length + left.length === 0) return
  console.error('run `npm run generate` and commit what it writes')
  process.exit(1)
}

function write () {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), wanted.get(path))
    console.log(`wrote ${path}`)
  }
  for (const path of left) {
    rmSync(join(root, path))
    console.log(`removed ${path}`)
  }
}

function filesIn (folder) {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map(name => `${folder}/${name}`) : []
}

function read (path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
}
