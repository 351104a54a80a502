// Manifests in files: read with the place of everything, and watched.
export { manifestFolder } from './folder.js'
export { contentsOf, type Contents, type Entry } from './contents.js'
export { manifestSource } from './source.js'
export type { FileEdit } from './edits.js'
