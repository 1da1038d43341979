/** One of two verifiers answers what it must not: out of format, of another frame, too much, half of it, late, or a lie. */
import t from 'tap'
import { makeSite, runGuard, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { LONG, underLoad } from './endure.ts'
import { falsifier } from './through.ts'

t.setTimeout(1_000_000)

const cli = compileProduct()
const site = await makeSite()
const { command, falsify } = falsifier(site)
const direction = await underLoad(t, { site, start: (site) => runGuard(site, cli, command) })
const said = () => direction.guard().said()

const ENDS: ['inspect' | 'verify', string, RegExp][] = [
  ['verify', 'garbage', /verify: a(n answer does not fit| frame of [0-9]+ octets)/],
  ['inspect', 'half', /inspect has not answered for 5 s what verify has answered/],
  ['verify', 'digest', /inspect answers to [0-9.]+, verify to [0-9.]+, or to other octets/],
  ['inspect', 'twice', /inspect answers to [0-9.]+, verify to [0-9.]+, or to other octets/],
  ['verify', 'endless', /verify: a frame of 4294967295 octets/],
]
const OTHER = { inspect: 'verify', verify: 'inspect' } as const
const mirrored = ENDS.map(([verifier, way, why]): (typeof ENDS)[number] => {
  const source = why.source.replace(/^(inspect|verify)/, OTHER[verifier])
  const names =
    way === 'half' ? source.replace(/(inspect|verify) has answered/, `${verifier} has answered`) : source
  return [OTHER[verifier], way, way === 'digest' || way === 'twice' ? why : new RegExp(names)]
})

t.test('an answer that ends the direction', async (t) => {
  for (const [verifier, way, why] of LONG ? [...ENDS, ...mirrored] : ENDS) {
    await direction.endure(t, {
      name: `an answer of ${verifier}: ${way}`,
      health: /^release ended with exit code 1: its last line in the log says why/,
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
    name: 'an answer of verify: 2 s late',
    async strike() {
      falsify('verify', 'late')
      t.ok(await direction.standsStill(1_000), 'nothing moves')
      await direction.flows()
    },
  })
  t.equal(direction.guard().pids()['release'], release, 'nothing was started again')
})

// Last: a stanza that stays for a lie is no fault of those before.
t.test('an answer that is a lie', async (t) => {
  const { release } = direction.guard().pids()
  for (const verifier of ['inspect', 'verify'] as const) {
    for (const way of ['refuses', 'accepts', 'output']) {
      await direction.endure(t, {
        name: `an answer of ${verifier}: ${way}${way === 'output' ? ' is another' : ' what the other does not'}`,
        lies: true,
        async strike() {
          const before = said().length
          falsify(verifier, way)
          await until(() => /DISAGREEMENT on /.test(said().slice(before)), 30_000, said)
        },
      })
    }
  }
  t.equal(direction.guard().pids()['release'], release, 'nothing was started again')
})
