/** Where it is, or would be, installed. */
export function azuriteFolder (env?: NodeJS.ProcessEnv): string
/** Path of the queue server's script; undefined where it is not installed. */
export function installedAzurite (env?: NodeJS.ProcessEnv): Promise<string | undefined>
/** Installs what is missing and gives the path of the queue server's script. */
export function ensureAzurite (options?: { env?: NodeJS.ProcessEnv, progress?: (line: string) => void }): Promise<string>
