import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The last stage of a Dockerfile, as far as ours goes. */
export interface Image {
  readonly copies: readonly { readonly from: readonly string[], readonly to: string }[]
  readonly workdir: string
  readonly environment: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: readonly string[]
}

/** Reads the last stage. Throws on an instruction that it does not know: what it leaves out would not be tried. */
export async function lastStage (path: string): Promise<Image> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const stage = lines.slice(lines.findLastIndex(line => line.startsWith('FROM ')) + 1).map(line => /^(\w+) (.*)$/.exec(line)?.slice(1) ?? ['', line])
  const all = (instruction: string): string[] => stage.filter(([word]) => word === instruction).map(([, rest = '']) => rest)
  const unknown = stage.find(([word = '']) => !['WORKDIR', 'COPY', 'ENV', 'USER', 'ENTRYPOINT', 'CMD'].includes(word))
  if (unknown !== undefined) throw new Error(`${path}: ${unknown.join(' ')} is not understood here`)
  return {
    copies: all('COPY').map(rest => {
      const words = rest.replace('--from=build ', '').split(' ')
      return { from: words.slice(0, -1).map(from => from.replace('/src/', '')), to: words.at(-1) ?? '' }
    }),
    workdir: all('WORKDIR')[0] ?? '/',
    environment: Object.fromEntries(all('ENV').map(rest => rest.split('=') as [string, string])),
    user: all('USER')[0] ?? '',
    entrypoint: JSON.parse(all('ENTRYPOINT')[0] ?? '[]') as string[],
  }
}

/** Writes the files that the stage puts on its base below a folder, from this tree; where Node stands in the base, an empty file to mount it on. */
export async function layOut ({ copies, workdir, entrypoint }: Image, root: string): Promise<void> {
  for (const { from, to } of copies) {
    for (const path of from) {
      const target = join(root, workdir, to, to.endsWith('/') ? basename(path) : '')
      await mkdir(dirname(target), { recursive: true })
      await cp(path, target, { recursive: true })
    }
  }
  await emptyFile(join(root, entrypoint[0] ?? ''))
  for (const folder of ['lib', 'lib64', 'usr/lib', 'proc']) await mkdir(join(root, folder), { recursive: true })
  for (const device of ['dev/null', 'dev/urandom']) await emptyFile(join(root, device))
  await chmod(root, 0o755) // a folder for temporary things is its maker's alone
}

async function emptyFile (path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '')
}
