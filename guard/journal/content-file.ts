/**
 * The files of kept contents, one beside each segment: sealed octets one behind the other. What stands where is in the records,
 * each written when its content is durable; octets that no record names are left of a crash and mean nothing.
 */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { openLog } from '../log/log.ts'
import { contentName, fileOctets } from './files.ts'

/** The member `content` of a verdict's record: where the sealed octets stand, and their SHA-256. */
export type ContentPlace = Readonly<{ file: string; offset: number; octets: number; sha256: string }>

export type ContentFile = Readonly<{
  append(sealed: Uint8Array): ContentPlace
  /** `then` is called when all that was appended is durable. */
  flush(then: () => void): void
  /** What is appended from now on belongs to the segment that begins with this record. */
  startSegment(first: number): void
}>

/** Goes on with the file of the segment that begins with record `first`. Throws when it cannot be opened. */
export function openContentFile(
  directory: string,
  first: number,
  onFailure: (problem: string) => void,
): ContentFile {
  let file = contentName(first)
  let offset = fileOctets(join(directory, file))
  let appended = 0
  const waiting: { appended: number; then: () => void }[] = []
  const log = openLog({
    directory,
    segment: file,
    octets: offset,
    onDurable(octets) {
      while (waiting[0] !== undefined && waiting[0].appended <= octets) waiting.shift()!.then()
    },
    onFailure,
  })

  return {
    append(sealed) {
      const place = { file, offset, octets: sealed.length, sha256: hash('sha256', sealed) }
      log.append(sealed)
      offset += sealed.length
      appended += sealed.length
      return place
    },
    flush(then) {
      waiting.push({ appended, then })
      log.flush()
    },
    startSegment(first) {
      file = contentName(first)
      offset = 0
      log.startSegment(file)
    },
  }
}
