/** Reads sealed contents back, as the records of verdicts name them. */
import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { SEAL_OCTETS } from '../common/seal.ts'
import type { ContentPlace } from './content-file.ts'
import { contentName } from './files.ts'

/** More than any sealed content has: no more is read. */
const LONGEST = 2 * 1024 * 1024

/** The member `content` of a record in the segment that begins with record `first`; undefined when it is out of shape. */
export function readPlace(value: unknown, first: number): ContentPlace | undefined {
  const { file, offset, octets, sha256 } = (value ?? {}) as Record<string, unknown>
  const count = (one: unknown): one is number => typeof one === 'number' && Number.isSafeInteger(one)
  if (file !== contentName(first) || !count(offset) || offset < 0 || !count(octets)) return undefined
  if (octets < SEAL_OCTETS || octets > LONGEST || typeof sha256 !== 'string') return undefined
  return { file: contentName(first), offset, octets, sha256 }
}

/** The sealed octets; undefined when they are not those that the record names. Throws what the file system says. */
export function readKept(directory: string, place: ContentPlace): Buffer | undefined {
  const sealed = Buffer.alloc(place.octets)
  const fd = openSync(join(directory, place.file), 'r')
  try {
    let filled = 0
    while (filled < sealed.length) {
      const size = readSync(fd, sealed, filled, sealed.length - filled, place.offset + filled)
      if (size === 0) return undefined
      filled += size
    }
  } finally {
    closeSync(fd)
  }
  return hash('sha256', sealed) === place.sha256 ? sealed : undefined
}
