import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'

/** `./x.js` in a TypeScript module means `./x.ts`, as it does for the compiler. */
export async function resolve (specifier, context, next) {
  const fromTypeScript = context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js')
  if (!fromTypeScript) return next(specifier, context)
  return next(`${specifier.slice(0, -3)}.ts`, context).catch(() => next(specifier, context))
}

export async function load (url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context)
  const { code } = await transform(await readFile(fileURLToPath(url), 'utf8'), { loader: 'ts', target: 'node20', sourcemap: 'inline' })
  return { format: 'module', shortCircuit: true, source: code }
}
