/** One of two verifiers answers what it must not: out of format, of another frame, too much, half of it, late, or a lie. */
import t from 'tap'
import { makeSite, runGuard, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { ENDED, LONG, underLoad } from './endure.ts'
import { falsifier } from './through.ts'

t.setTimeout(1_000_000)

const cli = compileProduct()
const site = await makeSite()
const { command, falsify } = falsifier(site)
const direction = await underLoad(t, { site, start: (site) => runGuard(site, cli, command) })
const said = () => direction.guard().said()

type Verifier = 'inspect' | 'verify'
const OTHER = { inspect: 'verify', verify: 'inspect' } as const

/** By way (fixtures/falsify.ts), what release says of such an answer before it ends. */
const ENDS: Readonly<Record<string, (verifier: Verifier) => string>> = {
  garbage: (verifier) => `${verifier}: a(n answer does not fit| frame of [0-9]+ octets)`,
  half: (verifier) => `${verifier} has not answered for 5 s what ${OTHER[verifier]} has answered`,
  digest: () => 'inspect answers to [0-9.]+, verify to [0-9.]+, or to other octets',
  twice: () => 'inspect answers to [0-9.]+, verify to [0-9.]+, or to other octets',
  endless: (verifier) => `${verifier}: a frame of 4294967295 octets`,
}
/** By way, what of a lie. */
const LIES: Readonly<Record<string, string>> = {
  accepts: 'what the other refuses is accepted',
  refuses: 'what the other accepts is refused',
  output: 'with another output',
}

/** Each way once, the verifiers in turn; in the long form each way of each verifier. */
function each(ways: object): [Verifier, string][] {
  const both: Verifier[] = ['verify', 'inspect']
  return Object.keys(ways).flatMap((way, i) =>
    (LONG ? both : [both[i % 2]!]).map((verifier): [Verifier, string] => [verifier, way]),
  )
}

t.test('an answer that ends the direction', async (t) => {
  for (const [verifier, way] of each(ENDS)) {
    const why = new RegExp(ENDS[way]!(verifier))
    await direction.endure(t, {
      name: `an answer of ${verifier}: ${way}`,
      health: ENDED,
      async strike() {
        const before = said().length
        falsify(verifier, way)
        await until(() => why.test(said().slice(before)), 30_000, said)
        await until(() => /"started /.test(said().slice(before)), 30_000, said)
      },
    })
  }
})

t.test('an answer that comes late', async (t) => {
  const { release } = direction.guard().pids()
  await direction.endure(t, {
    name: 'an answer of verify: 1 s late',
    async strike() {
      falsify('verify', 'late')
      t.ok(await direction.standsStill(500), 'nothing moves')
      await direction.flows()
    },
  })
  t.equal(direction.guard().pids()['release'], release, 'nothing was started again')
})

// Last: a stanza that stays for a lie is no fault of those before.
t.test('an answer that is a lie', async (t) => {
  const { release } = direction.guard().pids()
  for (const [verifier, way] of each(LIES)) {
    await direction.endure(t, {
      name: `an answer of ${verifier}: ${LIES[way]}`,
      lies: true,
      async strike() {
        const before = said().length
        falsify(verifier, way)
        await until(() => /DISAGREEMENT on /.test(said().slice(before)), 30_000, said)
      },
    })
  }
  t.equal(direction.guard().pids()['release'], release, 'nothing was started again')
})
