/** Records of a fixed size, cut from chunks of any size. */

/** Calls `take` with the octets and the place of each record of `size` octets, in order. */
export function createRecordReader(
  size: number,
  take: (octets: Uint8Array, at: number) => void,
): (chunk: Uint8Array) => void {
  let part: Uint8Array = new Uint8Array(0)
  return (chunk) => {
    const octets = part.length === 0 ? chunk : Buffer.concat([part, chunk])
    let at = 0
    for (; octets.length - at >= size; at += size) take(octets, at)
    part = octets.subarray(at)
  }
}
