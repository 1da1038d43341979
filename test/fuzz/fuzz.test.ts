/**
 * The short form of `npm run fuzz`: what was kept of each target is run again, and changed blindly for a moment.
 *
 *   SALLYPORT_FUZZ_SECONDS=60 node test/fuzz/fuzz.test.ts     so long each (1.2)
 *   SALLYPORT_SEED=7                                          other changes
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { mutate } from '../verify/mutate.ts'
import { random } from '../verify/random.ts'
import { keptDirectory, readInputs } from './kept.ts'
import { loadTarget, TARGET_NAMES } from './targets.ts'
import { Finding, watched, writeFinding } from './watch.ts'

const SECONDS = Number(process.env['SALLYPORT_FUZZ_SECONDS'] ?? 1.2)
const SEED = Number(process.env['SALLYPORT_SEED'] ?? 1)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

t.setTimeout((SECONDS + 30) * 1000 * TARGET_NAMES.length)

for (const name of TARGET_NAMES) {
  t.test(`${name}: what is kept, and changes of it`, async (t) => {
    const target = await loadTarget(name)
    const { check, slowest } = watched(target)
    const kept = readInputs(keptDirectory(name)).map(({ octets }) => octets)
    t.ok(kept.length > 0, `${kept.length} inputs are kept`)
    const pool = [...kept, ...target.seeds().map((octets) => Buffer.from(octets))]
    const tokens = ['\0', ...target.dictionary].map((token) => Buffer.from(token, 'latin1'))
    const chance = random(SEED)
    let tried = 0
    try {
      for (const input of pool) check(input)
      for (const end = performance.now() + SECONDS * 1000; performance.now() < end; tried += 1) {
        let input = chance.pick(pool)
        for (let changes = 1 + chance.below(3); changes > 0; changes -= 1) {
          input =
            chance.below(3) === 0
              ? withToken(input, chance.pick(tokens), chance.below(input.length + 1))
              : mutate(chance, input, pool)
        }
        check(input)
      }
      t.comment(`${kept.length} kept, ${tried} changed, slowest ${slowest().ms.toFixed(0)} ms`)
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      const file = relative(ROOT, writeFinding(`${ROOT}.fuzz/findings/${name}`, error))
      t.fail(`npm run fuzz -- --replay ${file} ${name}`, { found: error.message.slice(0, 2000) })
    }
    t.ok(tried > 0, 'something was tried')
  })
}

t.test('the kept corpus stays small', async (t) => {
  const kept = TARGET_NAMES.flatMap((name) => readInputs(keptDirectory(name)))
  t.ok(kept.length < 400, `${kept.length} files`)
  const octets = kept.reduce((sum, input) => sum + input.octets.length, 0)
  t.ok(octets < 1_000_000, `${octets} octets`)
})

function withToken(input: Buffer, token: Buffer, at: number): Buffer {
  return Buffer.concat([input.subarray(0, at), token, input.subarray(at)])
}
