import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The licences of the packages whose code a bundle holds, as they ask for: one text, sorted by name. `inputs` are the paths of the sources,
 * from the root. A package that names no licence is an error: what may be given on is not guessed.
 */
export function notices (inputs, root) {
  const folders = new Set(inputs.map(folderOf).filter(folder => folder !== undefined))
  return [...folders].map(folder => entry(join(root, folder))).sort().join(`\n\n${'-'.repeat(80)}\n\n`) + '\n'
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` is of `node_modules/a/node_modules/@b/c`. */
const folderOf = path => /(?:^|:)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]

function entry (folder) {
  const { name, version, license, author, homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${folder} names no licence`)
  const by = typeof author === 'string' ? author : author?.name
  const head = [`${name} ${version}`, `Licence: ${license}`, ...by === undefined ? [] : [`By: ${by}`], ...homepage === undefined ? [] : [`From: ${homepage}`]]
  return [head.join('\n'), ...licenceFiles(folder)].join('\n\n')
}

function licenceFiles (folder) {
  return readdirSync(folder).filter(name => /^(licen[cs]e|notice|copying)/i.test(name)).sort().map(name => readFileSync(join(folder, name), 'utf8').trim())
}
