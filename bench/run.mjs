// `npm run bench`: Node 20 reads no TypeScript, so each module is translated as it is loaded.
import { register } from 'node:module'

register('./lib/typescript-hooks.mjs', import.meta.url)
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
