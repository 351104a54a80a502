import { mkdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Imports a TypeScript module of this repository as Node 20 cannot: bundled without its packages into the cache of node_modules. */
export async function loadTs (path) {
  const { build } = await import('esbuild')
  const cache = join(root, 'node_modules/.cache/tidegate')
  mkdirSync(cache, { recursive: true })
  const outfile = join(cache, `${path.replaceAll('/', '-')}-${process.pid}.mjs`)
  await build({ absWorkingDir: root, entryPoints: [path], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'warning', plugins: [ownUrls] })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(outfile)
  }
}

/** In a bundle `import.meta.url` is the bundle's; here each module keeps its own, by which it finds the files beside it. */
const ownUrls = {
  name: 'own-urls',
  setup (build) {
    build.onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('.ts') ? 'ts' : 'js',
    }))
  },
}

/** For each of the modules, every source of ours that it reaches by imports; paths from the root. */
export async function reachedBy (paths) {
  const { build } = await import('esbuild')
  const { metafile } = await build({
    absWorkingDir: root, entryPoints: paths, outdir: join(root, 'node_modules/.cache/tidegate/reached'), bundle: true, write: false, metafile: true,
    format: 'esm', platform: 'node', packages: 'external', logLevel: 'silent',
  })
  return new Map(Object.values(metafile.outputs).filter(o => o.entryPoint !== undefined).map(o => [o.entryPoint, Object.keys(o.inputs)]))
}
