/**
 * One-way pipes on the descriptors that a stage was started with.
 *
 * Each must be a FIFO. Its end, or any error on it, ends the stage: a pipe that outlives a stage continues in mid-frame, so
 * all stages of a direction end together. Pipes are used as sockets of node:net, which wait without a thread.
 */
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Report } from './report.ts'

/**
 * `what` names the pipe in diagnostics. Chunks come as they are read; `pause` the result to hold them back. `onEnd` is told why and
 * ends the stage, after what it still has to do.
 */
export function readPipe(
  fd: number,
  what: string,
  report: Report,
  onData: (chunk: Buffer) => void,
  onEnd: (why: string) => void = report.fail,
): Socket {
  const socket = openPipe(fd, what, report, { readable: true, writable: false })
  socket.on('data', onData)
  socket.on('end', () => onEnd(`${what} (descriptor ${fd}) ended: the stage at its other end is gone`))
  return socket
}

/** The writing end; the caller heeds what `write` returns, and `drain`. */
export function writePipe(fd: number, what: string, report: Report): Socket {
  return openPipe(fd, what, report, { readable: false, writable: true })
}

/** As `pipe.write`, but all that is written in one turn of the event loop leaves in one system call. */
export function writeGathered(pipe: Socket, octets: Uint8Array): void {
  if (pipe.writableCorked === 0) {
    pipe.cork()
    process.nextTick(() => pipe.uncork())
  }
  pipe.write(octets)
}

function openPipe(
  fd: number,
  what: string,
  report: Report,
  way: { readable: boolean; writable: boolean },
): Socket {
  let fifo = false
  try {
    fifo = fstatSync(fd).isFIFO()
  } catch {}
  if (!fifo) report.fail(`${what} (descriptor ${fd}) is not a FIFO: start the stage by its launcher or unit`)
  const socket = new Socket({ fd, ...way })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    report.fail(`${what} (descriptor ${fd}) broke (${error.code ?? 'unknown'})`),
  )
  return socket
}
