import { version } from './version.js'

// The first answers are given before anything heavy is loaded: a version costs what an empty Node costs.
const words = process.argv.slice(2)
if (words.length === 1 && ['--version', '-V', 'version'].includes(words[0] ?? '')) process.stdout.write(`${version}\n`)
else process.exitCode = await (await import('./program.js')).runCommand(words, { out: line => process.stdout.write(`${line}\n`), error: line => process.stderr.write(`${line}\n`) })
