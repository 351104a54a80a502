import { fileURLToPath } from 'node:url'
import { ensureGoPrograms } from './go-programs.js'
import { runToEnd, type Said } from './run-to-end.js'

/** As `promtool/go.mod` says. */
const version = '0.314.0'

/** The path of promtool: in the cache, or built into it by Go once (about four minutes, without service discovery). Rejects with the reason where that cannot be. */
export async function ensurePromtool (): Promise<string> {
  const programs = await ensureGoPrograms({
    title: 'promtool', cache: `promtool-${version}`, assets: process.env['TIDEGATE_TEST_PROMTOOL'],
    programs: [{ name: 'promtool', module: fileURLToPath(new URL('promtool', import.meta.url)), package: 'github.com/prometheus/prometheus/cmd/promtool', tags: 'remove_all_sd' }],
  }, line => process.stderr.write(`${line}\n`))
  return programs.promtool
}

/** Runs promtool; what it wrote. */
export async function promtool (args: readonly string[], cwd: string): Promise<Said> {
  return await runToEnd(await ensurePromtool(), args, { cwd })
}
