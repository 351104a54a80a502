// Makes dist/: one bundle with a shared eager part and a chunk for whatever is imported lazily, so that a start loads only what it uses.
// `--types` adds the declarations that plugin authors see; `--if-stale` builds only when a source is newer than dist;
// `--report` prints what the start of each entry loads.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notices } from './notices.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const entries = {
  main: 'src/cli/main.ts',
  plugin: 'src/plugin/index.ts',
  'plugin-testing': 'src/plugin/testing/index.ts',
}

// Bundled CommonJS packages call require() for node: modules; an ES module has none of its own.
const requireBanner = "import { createRequire as tidegateCreateRequire } from 'node:module'; const require = tidegateCreateRequire(import.meta.url);"

/**
 * `const { connect } = await import('nats')`: Node finds the names that a CommonJS package exports, a split bundle gives `default` alone.
 * So each such package gets a module between that names them, as Node sees them at build time.
 */
const namedExportsOfCommonJs = {
  name: 'named-exports-of-commonjs',
  setup (build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined
      const found = await build.resolve(path, { kind, resolveDir, pluginData: 'resolved' })
      return found.external || found.errors.length > 0 || !isCommonJs(found.path) ? found : { path: found.path, namespace: 'commonjs' }
    })
    build.onLoad({ filter: /.*/, namespace: 'commonjs' }, ({ path }) => {
      const names = Object.keys(createRequire(import.meta.url)(path)).filter(name => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default')
      return {
        contents: [
          `const whole = require(${JSON.stringify(path)})`,
          'export default whole',
          ...names.map((name, i) => `const e${i} = whole.${name}`), // a name such as `delete` may be exported, not declared
          `export { ${names.map((name, i) => `e${i} as ${name}`).join(', ')} }`,
        ].join('\n'),
        resolveDir: dirname(path),
      }
    })
  },
}

/** Its models are classes in files of their own, which register nothing; the package does not say so. Of all that, a kubeconfig is what we use. */
const unusedModels = {
  name: 'unused-models',
  setup (build) {
    build.onResolve({ filter: /^[.][/]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === 'resolved' || !resolveDir.includes('node_modules/@kubernetes/client-node/')) return undefined
      return { ...await build.resolve(path, { kind, resolveDir, pluginData: 'resolved' }), sideEffects: false }
    })
  },
}

if (process.argv.includes('--if-stale') && !isStale()) process.exit(0)
const esbuild = await loadEsbuild()
if (esbuild !== undefined) await build(esbuild)

/** esbuild is a development package: whoever installed without those has a dist already, or cannot go on. */
async function loadEsbuild () {
  try {
    return await import('esbuild')
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    if (existsSync(join(dist, 'bin.cjs'))) return undefined
    console.error('dist/ is not built and esbuild is not installed: run `npm ci` without --omit=dev')
    process.exit(1)
  }
}

async function build ({ build: bundle }) {
  const began = performance.now()
  const { metafile, outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Names stay, so that a stack trace can be read; whitespace goes, since a start pays for every byte it parses.
    minifyWhitespace: true,
    minifySyntax: true,
    // The same library as ES modules: what is not used goes, and what is left is evaluated as one. A start reads YAML before anything else.
    alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
    legalComments: 'none', // the notices have the whole licences
    banner: { js: requireBanner },
    plugins: [namedExportsOfCommonJs, unusedModels],
    metafile: true,
    write: false,
    logLevel: 'warning',
  }).catch(() => process.exit(1)) // esbuild has said why; the old dist stays
  rmSync(dist, { recursive: true, force: true })
  const types = process.argv.includes('--types') ? emitTypes() : undefined
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents)
  }
  writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), notices(Object.keys(metafile.inputs), root))
  cpSync(join(root, 'src/cli/bin.cjs'), join(dist, 'bin.cjs'))
  chmodSync(join(dist, 'bin.cjs'), 0o755)
  await types
  if (process.argv.includes('--report')) report(metafile)
  console.error(`built dist/ in ${Math.round(performance.now() - began)} ms`)
}

async function emitTypes () {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const [status] = await once(spawn(process.execPath, [tsc, '-p', join(root, 'tools/tsconfig.types.json')], { stdio: 'inherit' }), 'exit')
  if (status !== 0) process.exitCode = 1
}

/** What the start of each entry loads: itself and all that it imports statically. */
function report ({ outputs }) {
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (!Object.values(entries).includes(entryPoint)) continue
    const eager = staticClosure(path, outputs)
    const bytes = eager.reduce((sum, file) => sum + outputs[file].bytes, 0)
    console.error(`${path}: ${eager.length} files, ${(bytes / 1024).toFixed(1)} KiB at start`)
  }
  const all = Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0)
  console.error(`dist/: ${Object.keys(outputs).length} files, ${(all / 1024).toFixed(0)} KiB`)
}

function staticClosure (path, outputs, seen = new Set()) {
  if (seen.has(path)) return []
  seen.add(path)
  for (const { path: next, kind, external } of outputs[path].imports) {
    if (kind === 'import-statement' && external !== true) staticClosure(next, outputs, seen)
  }
  return [...seen]
}

function isCommonJs (path) {
  if (/[.][cm]js$/.test(path)) return path.endsWith('.cjs')
  let folder = dirname(path)
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).type !== 'module'
}

function isStale () {
  const built = join(dist, 'bin.cjs')
  if (!existsSync(built)) return true
  const since = statSync(built).mtimeMs
  return ['src', 'scalers', 'connectors', 'package.json', 'package-lock.json', 'tools/build.mjs'].some(path => newest(join(root, path)) > since)
}

function newest (path) {
  const { mtimeMs, isDirectory } = stat(path)
  if (!isDirectory) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))))
}

function stat (path) {
  const found = statSync(path, { throwIfNoEntry: false })
  return { mtimeMs: found?.mtimeMs ?? 0, isDirectory: found?.isDirectory() ?? false }
}
