/**
 * Mutation testing of the two verifiers: one change at a time in the code by which one of them decides, and the corpus must tell.
 *
 *   node test/mutation/verifiers.ts [inspect|verify] [PART OF A FILE'S NAME]
 *
 * The mutants are those of Stryker's instrumenter: all are in one copy of the code and one is switched on at a time, so that
 * a mutant costs milliseconds and not a process. The oracle of verdict and octets is the *other* verifier, unchanged; reasons and places
 * are compared with the program's own. A mutant that hangs or throws is found out too: its stage would be silent or gone, and the
 * direction with it. Whether found out or not, each mutant is tried on every hostile case that reaches it, with the other verifier
 * beside it.
 *
 * Exit code 0: none survived but those that survivors.ts explains, all of these did, and nothing hostile crossed a pair.
 */
import { mutationRun } from './run.ts'
import type { Side } from './targets.ts'

const [side = '', part = ''] = process.argv.slice(2)
const sides: Side[] = side === 'inspect' || side === 'verify' ? [side] : ['verify', 'inspect']
let good = true
for (const one of sides) {
  const { summary, failures } = await mutationRun(
    one,
    { part, frames: 1_000, choose: (mutants) => mutants },
    console.log,
  )
  console.log(summary)
  if (failures.length > 0) good = false
}
process.exitCode = good ? 0 : 1
