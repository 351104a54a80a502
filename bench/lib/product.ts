import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSubject, type Subject } from './subject.js'

const bin = join(import.meta.dirname, '..', '..', 'dist', 'bin.cjs')

/** The command line of the built product. Throws where it is not built. */
export function productCommand (...args: readonly string[]): readonly string[] {
  if (!existsSync(bin)) throw new Error('dist/bin.cjs is not there: npm run build')
  return [process.execPath, bin, ...args]
}

export interface RunningProduct extends Subject { cleanUp(): Promise<void> }

/** `tidegate run` on these manifests (file name → YAML) with a state folder of its own, up to its ready line. No terminal, no colours. */
export async function runProduct (manifests: Readonly<Record<string, string>>): Promise<RunningProduct> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bench-'))
  const manifestFolder = join(folder, 'manifests')
  await mkdir(manifestFolder)
  for (const [name, text] of Object.entries(manifests)) await writeFile(join(manifestFolder, name), text)
  const subject = startSubject(productCommand('run', '-f', manifestFolder), { ...process.env, XDG_STATE_HOME: join(folder, 'state') })
  const cleanUp = async (): Promise<void> => {
    await subject.end()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await subject.line(isReady)
  } catch (error) {
    await cleanUp()
    throw error
  }
  return { ...subject, cleanUp }
}

/** Pino writes keys in this order and without spaces; lines that are no JSON may be among them. */
const isReady = (line: string): boolean => line.startsWith('{') && line.includes('"msg":"ready"')
