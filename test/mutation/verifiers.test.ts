/**
 * The short form of mutation testing: all mutants of one small module of each verifier (`npm run mutation:verifiers` has the rest), and
 * that the run fails when a mutant survives or an explanation has become untrue.
 */
import t from 'tap'
import { mutationRun } from './run.ts'
import { explained, miscounted } from './survivors.ts'
import type { Mutant, Side } from './targets.ts'

t.setTimeout(280_000)

for (const [side, part] of [
  ['verify', 'guard/verify/integer.ts'],
  ['inspect', 'rules/text/token.ts'],
] as const satisfies [Side, string][]) {
  t.test(`every mutant of ${part} is found out, and none crosses the pair`, async (t) => {
    const lines: string[] = []
    const choose = (mutants: readonly Mutant[]) => mutants
    const { summary, failures } = await mutationRun(side, { part, frames: 50, choose }, (line) =>
      lines.push(line),
    )
    t.same(failures, [])
    t.match(summary, /the pair 0;/)
    t.comment(summary)
  })
}

t.test('an explanation is of one mutant, and holds only while that survives', async (t) => {
  const mutant: Mutant = {
    id: '1',
    file: 'guard/verify/address.ts',
    line: 1,
    kind: 'EqualityOperator',
    from: 'point < 0x80',
    to: 'point <= 0x80',
  }
  t.ok(explained(mutant))
  t.notOk(explained({ ...mutant, file: 'guard/verify/utf8.ts' }))
  t.notOk(explained({ ...mutant, to: 'true' }))
  t.same(
    miscounted([mutant], new Set([mutant]), [mutant]).filter((line) => line.includes('0x80')),
    [],
  )
  t.match(miscounted([mutant], new Set([mutant]), []).join(), /point < 0x80.*0 survived, 1 explained/)
  t.match(miscounted([mutant], new Set([mutant]), [mutant, mutant]).join(), /2 survived, 1 explained/)
  t.same(
    miscounted([mutant], new Set(), []).filter((line) => line.includes('0x80')),
    [],
    'not tried',
  )
})
