/**
 * Lines over the control socket: one JSON object and a LF, at most so long, UTF-8 without fault.
 *
 *   client → edge    {"command":"sessions"}             one, then nothing more
 *   edge → client    {"item":…}                         as many as there are
 *                    {"done":true}                      the last
 *                    {"problem":"one line"}             or this as the last: refused, or it failed
 */

/** Octets of the longest line of a client, without LF. */
export const REQUEST_OCTETS = 4096
/** Octets of the longest line of an edge, without LF. */
export const ANSWER_OCTETS = 1 << 20

/** Members of a line. Made by JSON.parse: ask for a member only by `Object.hasOwn`, or by a name that is not inherited. */
export type Members = Readonly<Record<string, unknown>>

const LF = 10

/**
 * Gives `take` each line's members as octets come in through the result. What is too long, not UTF-8 or no JSON object goes
 * to `broken`, once, and nothing is read behind it. Never keeps more than `longest` octets and those of one call.
 */
export function readLines(
  longest: number,
  take: (members: Members) => void,
  broken: (why: string) => void,
): (octets: Uint8Array) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let kept: Uint8Array[] = []
  let size = 0
  let over = false

  function fail(why: string): void {
    over = true
    kept = []
    broken(why)
  }

  function members(octets: Uint8Array): Members | undefined {
    try {
      const value: unknown = JSON.parse(decoder.decode(octets))
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Members)
        : undefined
    } catch {
      return undefined
    }
  }

  return (octets) => {
    let rest = octets
    while (!over) {
      const end = rest.indexOf(LF)
      const part = end === -1 ? rest : rest.subarray(0, end)
      size += part.length
      if (size > longest) return fail(`a line of more than ${longest} octets`)
      if (part.length > 0) kept.push(part)
      if (end === -1) return
      const line = members(Buffer.concat(kept))
      kept = []
      size = 0
      if (line === undefined) return fail('a line that is no JSON object')
      take(line)
      rest = rest.subarray(end + 1)
    }
  }
}
