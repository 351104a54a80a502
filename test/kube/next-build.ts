import { cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bin } from '../scenario/harness.js'

/** How a memory is made, read and refused in the bundle: three places, and no other. */
const places = [/(?<=\{version:)1(?=,adopted)/g, /(?<=raw\.version!==)1(?=\|\|!isCount)/g]

/** This build with the version of a memory raised by one, as the next release might have it: the path of its program. Made of the text of the bundle, so that the product has no hook for it. */
export async function nextBuild (): Promise<{ readonly folder: string, readonly program: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-next-'))
  await cp(dirname(bin), folder, { recursive: true })
  let raised = 0
  for (const name of (await readdir(folder, { recursive: true })).filter(each => each.endsWith('.js'))) {
    const text = await readFile(join(folder, name), 'utf8')
    const next = places.reduce((so, place) => so.replace(place, () => { raised++; return '2' }), text)
    if (next !== text) await writeFile(join(folder, name), next)
  }
  if (raised !== 3) throw new Error(`the bundle has ${raised} of the three places in which the version of a memory stands`)
  return { folder, program: join(folder, 'bin.cjs') }
}
