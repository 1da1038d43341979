/** Octets in pieces, for what must not depend on how they are cut. */
import { random } from '../verify/random.ts'

/** The octets cut at places that `seed` determines: often into single octets, seldom not at all. */
export function pieces(octets: Buffer, seed: number): Buffer[] {
  const { below } = random(seed)
  const most = [1, 2, 3, 7, 40, 1000][below(6)]!
  const cut: Buffer[] = []
  for (let at = 0; at < octets.length; ) {
    const size = 1 + below(most)
    cut.push(octets.subarray(at, at + size))
    at += size
  }
  return cut
}
