/**
 * Where the control socket is: `control` in the state folder. The address of a socket is at most 107 octets long (unix(7)), so in a
 * folder with a longer path it is named by way of that folder, opened.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

const LONGEST = 107

/** The path for people, the address for the system, and what is to be called when the address is not needed any more. */
export type ControlPlace = Readonly<{ path: string; address: string; close(): void }>

/** Throws what the file system says when the folder cannot be opened. */
export function placeOfControl(folder: string): ControlPlace {
  const path = join(folder, 'control')
  if (Buffer.byteLength(path) <= LONGEST) return { path, address: path, close() {} }
  const descriptor = openSync(folder, 'r')
  return { path, address: `/proc/self/fd/${descriptor}/control`, close: () => closeSync(descriptor) }
}
