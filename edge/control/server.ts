/**
 * The control socket of a running edge: `control` in its state folder, for `sallyport edge …` on the same host.
 *
 * Whoever may open the socket (mode 0600 in a folder of the edge's user) is the operator; nothing else is asked. One command a
 * connection, of a closed set; limits on length, time and number come before anything is looked at. A client that does not read
 * what it asked for never slows the edge: a command that has more to say waits, or drops, and in the end is cut off.
 *
 * The socket is also what keeps a second edge off the state folder: it is taken before anything there is touched.
 */
import { lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { type Members, REQUEST_OCTETS, readLines } from './lines.ts'
import { type ControlPlace, placeOfControl } from './place.ts'

/** What a command may say to whoever asked. */
export type Asker = Readonly<{
  /** Writes an item. False: the client does not keep up; wait for `room`, or leave items out. */
  item(value: object): boolean
  /** Settles when items may be written again, or nobody is there any more. */
  room(): Promise<void>
  /** Aborted when nobody is there any more. */
  gone: AbortSignal
}>

/** One command: its arguments, of which each may be left out, and what it does. */
export type Command = Readonly<{
  takes: Readonly<Record<string, 'string' | 'number' | 'boolean'>>
  /** Ends when all is said. A `ControlProblem` is told to the client; any other error is a fault of ours. */
  run(args: Members, asker: Asker): void | Promise<void>
}>

/** Why a command cannot be followed, in one line for the operator: what, where and how to mend. */
export class ControlProblem extends Error {}

export type ControlServer = Readonly<{ close(): void }>

const CONNECTIONS = 8
/** From the connection to the end of the request; and how long a client may read nothing while there is something for it. */
const CLOCKS = { requestMs: 5_000, stalledMs: 10_000 }
type Clocks = typeof CLOCKS
/** Octets that may wait for a client. */
const WAITING_OCTETS = 256 * 1024

/**
 * Takes the state folder (made when it is not there) and listens. `commands` may be filled later.
 * Rejects with one line when another edge lives there, or the folder or socket cannot be had.
 */
export async function listenControl(
  folder: string,
  commands: ReadonlyMap<string, Command>,
  log: Log,
  clocks: Clocks = CLOCKS,
): Promise<ControlServer> {
  let place: ControlPlace | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    place = placeOfControl(folder)
    const at = place
    return await takeOver(at, () => listen(at, commands, log, clocks))
  } catch (error) {
    place?.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new Error(
      `${join(folder, 'control')}: cannot be made (${code}): give the edge a state folder that it may write`,
    )
  }
}

async function takeOver(
  { path, address }: ControlPlace,
  open: () => Promise<ControlServer>,
): Promise<ControlServer> {
  try {
    return await open()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
  }
  const living = new Error(
    `${path}: another edge lives in this state folder: stop it, or give this one its own`,
  )
  const look = (at: string) => lstatSync(at, { bigint: true, throwIfNoEntry: false })
  const stale = look(path)
  if (stale !== undefined) {
    if (!stale.isSocket())
      throw new Error(`${path}: is in the way of the control socket: it is no socket: remove it`)
    if (await isAlive(address)) throw living
    // Of several edges that start at once, one may have put its own socket here meanwhile: it gets it back.
    const aside = `${path}.${process.pid}`
    renameSync(path, aside)
    const taken = look(aside)
    if (taken?.ino !== stale.ino || taken.mtimeNs !== stale.mtimeNs) {
      renameSync(aside, path)
      throw living
    }
    rmSync(aside)
  }
  return open()
}

/** Whether anybody listens. A socket that may not be asked counts as alive. */
function isAlive(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}

function listen(
  place: ControlPlace,
  commands: ReadonlyMap<string, Command>,
  log: Log,
  clocks: Clocks,
): Promise<ControlServer> {
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('close', () => void open.delete(socket))
    open.add(socket)
    if (open.size > CONNECTIONS) {
      end(socket, clocks, { problem: `more than ${CONNECTIONS} commands at once: end one, then try again` })
      return
    }
    serve(socket, commands, log, clocks)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // The mode that the socket is made with; listening binds it at once.
    const umask = process.umask(0o177)
    try {
      server.listen(place.address, () => {
        server.off('error', reject)
        server.on('error', (error: NodeJS.ErrnoException) =>
          log.error({ code: error.code }, 'the control socket failed'),
        )
        resolve({
          close() {
            // Closing removes the socket by its address.
            server.close((error) => error === undefined && place.close())
            for (const socket of open) socket.destroy()
          },
        })
      })
    } finally {
      process.umask(umask)
    }
  })
}

/** Reads one command and follows it. */
function serve(socket: Socket, commands: ReadonlyMap<string, Command>, log: Log, clocks: Clocks): void {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.setTimeout(clocks.stalledMs, () => {
    // Nothing has moved for so long: that is a fault only where something waits.
    if (socket.writableLength > 0) socket.destroy()
  })
  const late = setTimeout(() => refuse('the command did not come in time'), clocks.requestMs)
  const read = readLines(REQUEST_OCTETS, take, refuse)
  socket.on('data', read)

  function stop(): void {
    clearTimeout(late)
    // What comes behind the command is thrown away unread; the end of the connection is still seen.
    socket.off('data', read)
    socket.resume()
  }

  function refuse(problem: string): void {
    stop()
    end(socket, clocks, { problem })
  }

  function take(members: Members): void {
    stop()
    follow(members).then(
      () => end(socket, clocks, { done: true }),
      (error: unknown) => {
        if (error instanceof ControlProblem) return end(socket, clocks, { problem: error.message })
        log.error({ err: error }, 'a command at the control socket failed')
        end(socket, clocks, { problem: 'the command failed: the log of the edge says why' })
      },
    )
  }

  async function follow({ command: name, ...args }: Members): Promise<void> {
    const command = typeof name === 'string' ? commands.get(name) : undefined
    if (command === undefined)
      throw new ControlProblem(`no such command: this edge knows ${[...commands.keys()].join(', ')}`)
    for (const [key, value] of Object.entries(args)) {
      const type = Object.hasOwn(command.takes, key) ? command.takes[key] : undefined
      if (type === undefined) throw new ControlProblem('the command takes no such argument')
      if (typeof value !== type) throw new ControlProblem(`the argument ${key} is not a ${type}`)
    }
    await command.run(args, {
      item(value) {
        if (gone.signal.aborted) return true
        socket.write(`${JSON.stringify({ item: value })}\n`)
        return socket.writableLength < WAITING_OCTETS
      },
      room: () =>
        new Promise((resolve) => {
          if (gone.signal.aborted || !socket.writableNeedDrain) return resolve()
          const settle = () => {
            socket.off('drain', settle)
            gone.signal.removeEventListener('abort', settle)
            resolve()
          }
          socket.on('drain', settle)
          gone.signal.addEventListener('abort', settle)
        }),
      gone: gone.signal,
    })
  }
}

function end(
  socket: Socket,
  clocks: Clocks,
  last: Readonly<{ done: true }> | Readonly<{ problem: string }>,
): void {
  if (socket.destroyed) return
  socket.end(`${JSON.stringify(last)}\n`)
  socket.resume()
  // A client that does not close its half has been told all the same.
  socket.setTimeout(clocks.stalledMs, () => socket.destroy())
}
