/**
 * keeper: ends a program when the demo ends, however the demo ends.
 *
 * Reads    stdin, a pipe from the demo on which nothing is ever written: its end of file is the demo's death
 * Writes   nothing; stdout and stderr are the program's
 * Rights   starts the one program of its arguments, in a process group of its own, and signals that group
 * Fails    ends with the program's exit code, 128 + number after a signal, 127 when it cannot be started
 *
 * A handler for Ctrl-C would not do: after SIGKILL nothing is left to run it.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const GRACE = 3_000

const [program, ...args] = process.argv.slice(2) as [string, ...string[]]
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })

const signal = (name: NodeJS.Signals) => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name)
  } catch {
    // The group has ended already.
  }
}
const stop = () => {
  signal('SIGTERM')
  setTimeout(() => signal('SIGKILL'), GRACE)
}

process.stdin.on('end', stop).on('error', stop).resume()
// The terminal's signals reach the whole foreground group; what counts is the demo, which closes the pipe.
for (const name of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(name, () => {})

child.once('error', () => process.exit(127))
child.once('exit', (code, name) => {
  // A stage that outlived its launcher must not outlive the demo.
  signal('SIGKILL')
  process.exit(code ?? 128 + constants.signals[name!])
})
