/** The other end of the control socket: what `sallyport edge …` asks a running edge. */
import { connect } from 'node:net'
import { ANSWER_OCTETS, type Members, readLines } from './lines.ts'
import { placeOfControl } from './place.ts'

/**
 * Asks the edge that lives in `folder` for `command`, and gives `onItem` each item of the answer. Resolves when all is said, or
 * at once when `signal` is aborted. Rejects with one line: nobody there, not allowed, or what the edge says against it.
 */
export function askEdge(
  folder: string,
  command: string,
  args: Readonly<Record<string, string | number | boolean>>,
  onItem: (item: Members) => void,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { path, address, close } = placeOfControl(folder)
    const socket = connect(address)
    let settled = false
    const settle = (problem?: string) => {
      if (settled) return
      settled = true
      signal?.removeEventListener('abort', stop)
      socket.destroy()
      close()
      if (problem === undefined) resolve()
      else reject(new Error(problem))
    }
    const stop = () => settle()
    signal?.addEventListener('abort', stop)
    socket.once('connect', () => socket.write(`${JSON.stringify({ ...args, command })}\n`))
    socket.on('error', (error: NodeJS.ErrnoException) => settle(`${path}: ${connectProblem(error)}`))
    socket.once('close', () => settle('the edge ended before it had answered'))
    const read = readLines(
      ANSWER_OCTETS,
      (line) => {
        const { item, problem, done } = line
        if (typeof item === 'object' && item !== null) onItem(item as Members)
        else settle(done === true ? undefined : String(problem ?? 'the edge answered with something unknown'))
      },
      (why) => settle(`the edge answered with ${why}`),
    )
    socket.on('data', (octets: Buffer) => {
      if (!settled) read(octets)
    })
  })
}

function connectProblem({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'no edge runs in this state folder: start it, or give the configuration that it runs with'
    case 'EACCES':
      return 'may not be opened (EACCES): be the user of the edge, or root'
    default:
      return `cannot be reached (${code ?? 'unknown'})`
  }
}
