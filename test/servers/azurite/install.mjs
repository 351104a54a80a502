// Installs the Azure Storage emulator outside the work tree, once per machine. Tests and the demo use the same one.
// Plain JavaScript: the demo runs it before anything is built. As a program it prints the path of the queue server.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lock } from '../lock.mjs'

const version = '3.35.0'
const queueServer = join('node_modules', 'azurite', 'dist', 'src', 'queue', 'main.js')
const recipe = ['package.json', 'package-lock.json']

/** Where it is, or would be, installed. */
export function azuriteFolder (env = process.env) {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'tidegate', 'servers', `azurite-${version}`)
}

/** Path of the queue server's script; undefined where it is not installed. */
export async function installedAzurite (env = process.env) {
  const script = join(azuriteFolder(env), queueServer)
  return await exists(script) ? script : undefined
}

/** Installs what is missing (`npm ci`, about a minute on an empty npm cache) and gives the path of the queue server's script. */
export async function ensureAzurite ({ env = process.env, progress = line => process.stderr.write(`${line}\n`) } = {}) {
  const folder = azuriteFolder(env)
  const release = await lock(`${folder}.lock`, {
    onWait: () => progress('waiting for another installation of azurite'),
    isDone: async () => await installedAzurite(env) !== undefined,
  })
  try {
    if (await installedAzurite(env) === undefined) await install(folder, progress)
  } finally {
    await release()
  }
  return join(folder, queueServer)
}

/** Into a folder of its own first: a half installation never has the final name. */
async function install (folder, progress) {
  const half = `${folder}.${process.pid}.half`
  const started = Date.now()
  progress(`installing azurite ${version} into ${folder} (374 packages, once per machine)`)
  await mkdir(half, { recursive: true })
  try {
    const here = fileURLToPath(new URL('.', import.meta.url))
    for (const file of recipe) await copyFile(join(here, file), join(half, file))
    await npmCi(half, seconds => progress(`installing azurite: ${seconds} s`))
    await rm(folder, { recursive: true, force: true })
    await rename(half, folder)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
  progress(`azurite ${version} installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

function npmCi (cwd, onTick) {
  const started = Date.now()
  const ticking = setInterval(() => onTick(Math.round((Date.now() - started) / 1000)), 10_000)
  return new Promise((resolve, reject) => {
    const said = []
    const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', chunk => said.push(chunk))
    npm.on('error', reject)
    npm.on('close', code => code === 0 ? resolve() : reject(new Error(`npm ci of azurite ended with ${code}: ${Buffer.concat(said).toString().trim()}`)))
  }).finally(() => clearInterval(ticking))
}

async function exists (path) {
  return await stat(path).then(() => true, () => false)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${await ensureAzurite()}\n`)
