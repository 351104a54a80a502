import { spawn, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { readIfThere, removeFile, replaceFile } from './files.js'
import { parseProcessRef } from './lock.js'
import { groupIsRunning, identityOf, isRunning, signalGroup } from './process-identity.js'
import type { StateFolder } from './state-folder.js'

/**
 * Ends the replicas of a Tidegate that is gone and that nobody follows. It waits on a pipe whose other end only Tidegate holds,
 * so it costs nothing while Tidegate lives and knows at once when it does not; then it gives the next start `graceSeconds` to
 * adopt the replicas, and ends what is left as a cluster would. A shell, because it must be small: under 2 MB where a second Node is 40.
 */
export interface Guard {
  /** Starts the guard if none runs. Call it before the first replica is started. */
  ensure(): void
  /** Tells the guard that there is nothing left to end. */
  dismiss(): void
  /** Leaves the replicas to the guard, as a kill -9 would. */
  letGo(): void
}

/** Pause before a guard that was ended by somebody gets a successor; a shell that cannot run at all must not be started in a circle. */
const secondGuardMs = 1000

export function guard (folder: StateFolder, graceSeconds: number): Guard {
  let running: ChildProcess | undefined
  let wanted = false

  function ensure (): void {
    wanted = true
    if (running !== undefined) return
    const child = spawn('/bin/sh', ['-c', guardScript, 'tidegate-guard', folder.path, String(graceSeconds)],
      { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/', env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' } })
    running = child
    child.unref()
    child.stdin.on('error', () => undefined) // a guard that was killed; `exit` starts the next one
    if (child.stdin instanceof Socket) child.stdin.unref()
    child.once('error', () => { running = undefined })
    child.once('exit', () => {
      running = undefined
      if (wanted) setTimeout(() => { if (wanted) ensure() }, secondGuardMs).unref()
    })
    if (child.pid !== undefined) replaceFile(folder.guard, `${child.pid} ${identityOf(child.pid) ?? ''}\n`)
  }

  return {
    ensure,
    dismiss () {
      wanted = false
      running?.stdin?.end('dismissed\n')
      removeFile(folder.guard)
    },
    letGo () {
      wanted = false
      running?.stdin?.end()
    },
  }
}

/**
 * Ends the guard that an earlier Tidegate left, before its replicas are adopted. Whatever it has begun to end carries its mark.
 * Its group goes with it: the guard may be sleeping in a child.
 */
export async function dismissEarlierGuard (folder: StateFolder, wait: (ms: number) => Promise<void>): Promise<void> {
  const earlier = parseProcessRef(readIfThere(folder.guard) ?? '')
  if (earlier !== undefined && isRunning(earlier)) {
    signalGroup(earlier.pid, 'SIGKILL')
    while (groupIsRunning(earlier.pid)) await wait(2)
  }
  removeFile(folder.guard)
}

/** Marks, beside a replica's record, that it is being ended: whoever comes next goes on ending it and counts it no more. */
export const endingMark = '.ending'

/**
 * $1 state folder, $2 seconds for the next start. `same` computes the word of `identityOf`. Signals go to groups; before the first one the
 * leader's identity is checked, so that a process number in other hands is left alone. Records: `PID IDENTITY GRACE_SECONDS`.
 */
const guardScript = `
same () {
  if [ -r /proc/self/stat ]; then
    line=; read -r line 2>/dev/null < "/proc/$1/stat" || return 1
    read -r boot < /proc/sys/kernel/random/boot_id
    set -- "$2" $boot \${line##*) }
    [ "$3" != Z ] && [ "$1" = "$2:\${22}" ]
  else
    [ "$2" = "$(ps -o lstart= -p "$1" | tr -s ' ' _ | sed 's/^_//;s/_$//')" ]
  fi
}
while read -r word; do [ "$word" = dismissed ] && exit 0; done
sleep "$2"
cd "$1/replicas" || exit 0
read -r pid identity < ../lock && same "$pid" "$identity" && exit 0
for record in *; do
  case $record in '*' | *.ending | *.tmp) continue;; esac
  read -r pid identity grace < "$record" || continue
  if same "$pid" "$identity"; then
    : > "$record.ending"
    kill -s TERM -- "-$pid"
  else
    rm -f "$record" "$record.ending"
  fi
done 2>/dev/null
began=$(date +%s)
while :; do
  left=
  for record in *; do
    case $record in '*' | *.ending | *.tmp) continue;; esac
    read -r pid identity grace < "$record" || continue
    if ! kill -s 0 -- "-$pid"; then rm -f "$record" "$record.ending"
    elif [ $(($(date +%s) - began)) -ge "$grace" ]; then kill -s KILL -- "-$pid"; rm -f "$record" "$record.ending"
    else left=1
    fi
  done 2>/dev/null
  [ -n "$left" ] || break
  sleep 1
done
rm -f ../guard
`
