import { ensureServers } from './index.js'

/** Installs what is missing once, before the workers start. What cannot be had is said by `npm test`, and by the test that asks for it. */
export default async function setup (): Promise<void> {
  await ensureServers()
}
