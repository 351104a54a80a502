import { execFile } from 'node:child_process'

export interface Said { readonly code: number, readonly out: string, readonly error: string }

/** Runs a program to its end, which may be a failure: that is for the test to judge. */
export function runToEnd (program: string, args: readonly string[], options: { readonly cwd?: string, readonly env?: Readonly<Record<string, string>>, readonly input?: string } = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, maxBuffer: 64 * 1024 * 1024 }, (error, out, said) => {
      if (error === null) resolve({ code: 0, out, error: said })
      else if (typeof error.code === 'number') resolve({ code: error.code, out, error: said })
      else reject(new Error(`${program} did not run`, { cause: error }))
    })
    child.stdin?.end(options.input ?? '')
  })
}
