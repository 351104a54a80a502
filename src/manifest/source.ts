import type { TidegateConfig, Workload } from '../api/index.js'
import { errorMessage } from '../core/errors.js'
import type { Clock, ObjectRef, ResourceListener, ResourceSource } from '../runtime/ports.js'
import type { Problem } from '../spec/index.js'
import { contentsOf, refText, type Contents, type Entry } from './contents.js'
import { editsBetween, type FileEdit, type Snapshot } from './edits.js'
import { manifestFolder, type Folder } from './folder.js'
import { watchFiles } from './watcher.js'

/** Who is told of what is no resource. Called before the resources that may point at it. */
export interface ManifestListener {
  /** A Deployment, Service, Secret or ConfigMap is new or was changed. */
  workloadApplied(workload: Workload): void
  /** It is there and cannot be used; what ran under this name goes on. */
  workloadRefused(ref: ObjectRef, problems: readonly Problem[]): void
  workloadDeleted(ref: ObjectRef): void
  /** Settings of tidegate.yaml; told at the start and after every change. */
  config(config: TidegateConfig): void
  /** An object of a kind that nothing here reads; told once. */
  other(ref: ObjectRef, problem: Problem): void
  /** Problems that belong to no object (syntax, duplicates), all of them, whenever they change; empty: mended. */
  problems(problems: readonly Problem[]): void
  /** A file was edited, and its objects were told. Nothing is told of the start. */
  edited(edit: FileEdit): void
}

export interface ManifestSourceOptions {
  readonly paths: readonly string[]
  readonly recursive?: boolean
  readonly clock: Clock
  readonly listener: ManifestListener
}

/**
 * Manifests in files as a ResourceSource; editing takes effect at once. A file that is broken keeps the objects that it had: they are
 * refused, not deleted. `watch` rejects with TG_USAGE when a path leads nowhere at the start, and resolves when the signal aborts.
 */
export function manifestSource (options: ManifestSourceOptions): ResourceSource {
  const { paths, clock, recursive = false } = options
  return {
    async watch (listener, signal) {
      const teller = new Teller(listener, options.listener, paths)
      teller.tell(await manifestFolder(paths, { recursive }))
      listener.synced()
      let reading: Promise<void> = Promise.resolve()
      const reread = async (): Promise<void> => {
        if (signal.aborted) return
        try {
          teller.tell(await manifestFolder(paths, { recursive }))
        } catch (error) {
          teller.unreadable(error)
        }
      }
      const onSettled = (): void => { reading = reading.then(reread) }
      await watchFiles(paths, { clock, recursive, onSettled, onBlind: error => teller.blind(error) }, signal)
      await reading
    },
  }
}

interface Known {
  readonly entry: Entry
  readonly text: string
  /** Its file is broken now; told again when it can be read. */
  readonly isKept: boolean
}

/** Remembers what was told, and tells the difference. */
class Teller {
  #known = new Map<string, Known>()
  #config = ''
  #last: Snapshot | undefined
  /** A path that was given could not be found at the last look. */
  #isLost = false
  #problems = '[]'
  #blindness: readonly Problem[] = []
  readonly #listener: ResourceListener
  readonly #others: ManifestListener
  constructor (listener: ResourceListener, others: ManifestListener, private readonly paths: readonly string[]) {
    this.#listener = listener
    this.#others = others
  }

  tell (folder: Folder): void {
    const contents = contentsOf(folder)
    const next = new Map(contents.entries.map(entry => [refText(entry.ref), { entry, text: `${entry.origin.file} ${JSON.stringify(entry.raw)}`, isKept: false }]))
    this.#tellConfig(contents)
    this.#tellProblems(contents.problems)
    const isNew = ({ entry, text }: Known): boolean => {
      const known = this.#known.get(refText(entry.ref))
      return known === undefined || known.isKept || known.text !== text
    }
    const changed = [...next.values()].filter(isNew)
    for (const { entry } of changed) if (entry.role !== 'resource') this.#applied(entry)
    for (const { entry } of changed) if (entry.role === 'resource') this.#applied(entry)
    const broken = brokenFiles(folder)
    for (const [key, known] of this.#known) if (!next.has(key)) this.#gone(key, known, broken, next)
    this.#known = next
    this.#tellEdits(folder, contents)
  }

  #tellEdits ({ files }: Folder, { configOrigin }: Contents): void {
    const objects = new Map([...this.#known].map(([key, { entry, text }]) => [key, { ref: entry.ref, file: entry.origin.file, text }]))
    const settings = configOrigin?.file ?? files.find(({ file, problems }) => problems.length > 0 && file === this.#last?.objects.get('')?.file)?.file
    if (settings !== undefined) objects.set('', { ref: settingsRef, file: settings, text: this.#config })
    const now: Snapshot = { files: new Map(files.map(({ file, problems }) => [file, { isBroken: problems.length > 0 }])), objects }
    const edits = this.#last === undefined ? [] : editsBetween(this.#last, now)
    this.#last = now
    const back: FileEdit[] = this.#isLost ? this.paths.filter(path => !edits.some(({ file }) => file === path)).map(file => ({ file, how: 'mended', changes: [] })) : []
    this.#isLost = false
    for (const edit of [...back, ...edits]) this.#others.edited(edit)
  }

  /** Edits are not seen at once from now on; told with the next reading, and for good. */
  blind (error: unknown): void {
    this.#blindness = [{ code: 'TG_CONFIG_NOT_WATCHED', severity: 'warning', path: [], message: `edits cannot be watched: ${errorMessage(error)}`, hint: 'files are read again every few seconds instead' }]
  }

  /** The folder itself cannot be read: everything goes on as it is. */
  unreadable (error: unknown): void {
    this.#isLost = true
    this.#tellProblems([{ code: 'TG_REF_NOT_FOUND', severity: 'error', path: [], message: errorMessage(error), hint: 'what ran goes on; put it back, or end this run' }])
  }

  #applied (entry: Entry): void {
    switch (entry.role) {
      case 'resource': return entry.parsed.ok ? this.#listener.applied(entry.parsed.value) : this.#listener.refused(entry.ref, entry.parsed.problems)
      case 'workload': return entry.parsed.ok ? this.#others.workloadApplied(entry.parsed.value) : this.#others.workloadRefused(entry.ref, entry.parsed.problems)
      case 'other': return this.#others.other(entry.ref, {
        code: 'TG_CONFIG_NOT_LOCAL', severity: 'warning', path: ['kind'], message: `${entry.ref.kind} is not run on one machine`, origin: entry.origin,
      })
    }
  }

  #gone (key: string, known: Known, broken: ReadonlyMap<string, readonly Problem[]>, next: Map<string, Known>): void {
    const problems = broken.get(known.entry.origin.file)
    const { role, ref } = known.entry
    if (problems !== undefined) {
      next.set(key, { ...known, isKept: true })
      if (known.isKept) return
      if (role === 'resource') this.#listener.refused(ref, problems)
      if (role === 'workload') this.#others.workloadRefused(ref, problems)
      return
    }
    if (role === 'resource') this.#listener.deleted(ref)
    if (role === 'workload') this.#others.workloadDeleted(ref)
  }

  #tellConfig ({ config }: Contents): void {
    const text = JSON.stringify(config ?? {})
    if (config === undefined || text === this.#config) return
    this.#config = text
    this.#others.config(config)
  }

  #tellProblems (found: readonly Problem[]): void {
    const problems = [...found, ...this.#blindness]
    const text = JSON.stringify(problems.map(p => [p.code, p.message, p.origin?.kind === 'file' ? [p.origin.file, p.origin.locate(p.path)] : null]))
    if (text === this.#problems) return
    this.#problems = text
    this.#others.problems(problems)
  }
}

/** Settings have no name of their own. */
const settingsRef: ObjectRef = { apiVersion: '', kind: 'Config', namespace: '', name: 'defaults' }

function brokenFiles ({ files }: Folder): ReadonlyMap<string, readonly Problem[]> {
  return new Map(files.filter(f => f.problems.length > 0).map(f => [f.file, f.problems]))
}
