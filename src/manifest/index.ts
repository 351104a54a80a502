// Manifests in files: read with the place of everything, and watched.
export { manifestFolder, type Folder, type FolderOptions } from './folder.js'
export { contentsOf, type Contents, type Entry } from './contents.js'
export { manifestSource, type ManifestListener, type ManifestSourceOptions } from './source.js'
