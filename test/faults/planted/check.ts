/**
 * Plants each fault of one verifier in a copy of the code and shows three things: the faulty verifier accepts what honest ones
 * refuse; a guard of real processes in which it sits releases none of it, and says so in its journal; what is harmless crosses
 * in the same run.
 *
 * No fault takes away the limit of octets: intake closes the connection over a stanza that exceeds it, so no verifier gets one.
 * The two verifiers get the same bundle: a ruleset that admits too much is no fault of either, and is for its reviewers.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Bundle } from '../../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../../rules/bundle/load.ts'
import { SELF_TEST_SECOND, selfTest } from '../../../rules/self-test/self-test.ts'
import { formatNumber } from '../../../rules/text/numbered.ts'
import { changedSources, compiled } from '../../support/ruleset.ts'
import { type Crossed, makeDirection, type Stanza } from './direction.ts'
import { type Fault, plant, ROOT } from './fault.ts'
import { body, chat, framed, OPEN, presence } from './stanzas.ts'

type Side = 'inspect' | 'verify'
const OTHER: Readonly<Record<Side, Side>> = { inspect: 'verify', verify: 'inspect' }

/** The code that a fault of a side may change: that by which this verifier decides. */
const OWN_CODE: Readonly<Record<Side, RegExp>> = {
  inspect: /^rules\/(decide|xml|text|address|label)\//,
  verify: /^guard\/verify\//,
}

/** The example, which also accepts pairs: what the coalition's users say in ACME's rooms, given back with both labels. */
const full = compiled(
  changedSources(
    'acme-to-coalition',
    'ruleset.yaml',
    'accept: [ess-0258, 4774-0258, 4774-4778]',
    'accept: [ess-0258, 4774-0258, 4774-4778, ess-0258+equivalentlabel, 4774-0258+alternative]',
  ),
).bundle
/** Where verifiers are asked without a guard. */
const FIRST = { generation: 0, count: 1 }
const shallow: Bundle = {
  ...full,
  limits: { ...full.limits, depth: 2 },
  labels: { ...full.labels, rows: [] },
}

/** One test for each fault of `side`, and a table. The list must be of ten faults or more. */
export async function checkFaults(side: Side, faults: readonly Fault[]): Promise<void> {
  t.setTimeout(580_000)
  const direction = await makeDirection()
  t.teardown(direction.remove)
  const table: string[] = []
  let seen = 0

  for (const fault of faults) {
    t.test(`${fault.id}: ${side} ${fault.does}`, async (t) => {
      const tree = join(direction.directory, fault.id)
      plant(fault, tree)
      t.ok(
        fault.edits.every(({ file }) => OWN_CODE[side].test(file)),
        `only ${side} is changed`,
      )
      const bundle = fault.shallow === true ? shallow : full
      await isReal(t, side, fault, tree, bundle)
      const tested = await selfTested(side, tree)
      if (tested > 0) seen++

      const first = presence('<show>away</show>')
      const last =
        fault.shallow || fault.lies ? presence('<priority>5</priority>') : chat(body('benign') + OPEN)
      const stanzas = [first, ...fault.hostile.map(({ stanza }) => stanza), last]
      const crossed = await direction.cross(tree, bundle, stanzas)
      rmSync(tree, { recursive: true })

      const harmless = [crossed[0]!, crossed.at(-1)!]
      t.same(
        harmless.map(({ outcome }) => outcome),
        ['released', 'released'],
        'what is harmless crosses',
      )
      t.equal(harmless[0]!.received, framed(first, '0.1').toString())
      const written = framed(last, `0.${stanzas.length}`).toString()
      t.match(harmless[1]!.received, last.includes(OPEN) ? '<body>benign</body>' : written)
      const harmful = crossed.slice(1, -1)
      isStopped(t, side, fault, harmful)
      table.push(
        `${tableLine(side, fault, harmful, harmless)} | self-test: ${tested === 0 ? 'not seen' : `seen by ${tested}`}`,
      )
    })
  }

  t.test('the list is long enough', async (t) => {
    t.equal(new Set(faults.map(({ id }) => id)).size, faults.length, 'each fault has an id of its own')
    t.ok(table.length >= 10, `${table.length} faults of ${side} were stopped by ${OTHER[side]}`)
    for (const line of table) t.comment(line)
    t.ok(seen * 4 >= faults.length * 3, `${seen} of ${faults.length} would not have come past the self-test`)
  })
}

/** The faulty verifier accepts the stanzas, honest ones refuse them; or, of one that lies, they write something else. */
async function isReal(t: Test, side: Side, { hostile, lies }: Fault, tree: string, bundle: Bundle) {
  const faulty = await decider(side, tree, bundle)
  const honest = [await decider(side, ROOT, bundle), await decider(OTHER[side], ROOT, bundle)]
  for (const { what, stanza } of hostile) {
    const said = faulty(stanza)
    t.ok(said.accepted, `${what}: the faulty one accepts it`, said)
    for (const one of honest.map((decide) => decide(stanza))) {
      const differs = one.accepted && said.accepted && one.output !== said.output
      if (lies) t.ok(differs, `${what}: an honest one writes something else`, one)
      else t.notOk(one.accepted, `${what}: an honest one refuses it`, one)
    }
  }
}

/** Of how many cases of the self-test the faulty verifier says something else than it must. */
async function selfTested(side: Side, tree: string): Promise<number> {
  const faulty = await decider(side, tree, full, SELF_TEST_SECOND)
  return selfTest(full).filter(({ stanza, accepted }) => {
    const said = faulty(stanza)
    return said.accepted ? said.output !== accepted?.output : accepted !== undefined
  }).length
}

/** None of the stanzas crossed, and the journal tells of a disagreement about each. */
function isStopped(t: Test, side: Side, { hostile, lies }: Fault, harmful: readonly Crossed[]): void {
  for (const [n, crossed] of harmful.entries()) {
    const { what } = hostile[n]!
    t.equal(crossed.received, undefined, `${what}: not released`)
    t.equal(crossed.outcome, 'disagreement', `${what}: recorded as a disagreement`)
    t.equal(crossed[side], 'accepted', `${what}: the process with the fault accepts it`)
    t.equal(
      crossed[OTHER[side]] === 'accepted',
      lies === true,
      `${what}: the other refuses it, or writes it right`,
    )
  }
}

function tableLine(
  side: Side,
  { id }: Fault,
  harmful: readonly Crossed[],
  harmless: readonly Crossed[],
): string {
  const tally = (one: Side) => {
    const said = Map.groupBy(harmful, (crossed) => crossed[one])
    return `${one}: ${[...said].map(([text, of]) => `${of.length} ${text}`).join(', ')}`
  }
  return [
    id.padEnd(25),
    tally(side).padEnd(19),
    tally(OTHER[side]).padEnd(50),
    `released: ${harmful.filter(({ received }) => received !== undefined).length} of ${harmful.length}`,
    `benign: ${harmless.filter(({ received }) => received !== undefined).length} of ${harmless.length}`,
  ].join(' | ')
}

/** What a verifier says, alone. */
type Said = Readonly<{ accepted: true; output: string } | { accepted: false; reason: string }>

/** The decision of a verifier as the code of `tree` has it. */
async function decider(
  side: Side,
  tree: string,
  bundle: Bundle,
  second = Math.floor(Date.now() / 1000),
): Promise<(stanza: Stanza) => Said> {
  const load = (file: string): Promise<unknown> => import(join(tree, file))
  if (side === 'inspect') {
    type Module = typeof import('../../../rules/decide/decide.ts')
    const { createDecider } = (await load('rules/decide/decide.ts')) as Module
    const decide = createDecider(bundle)
    return (stanza) => decide(framed(stanza, formatNumber(FIRST)), second, FIRST)
  }
  type Reading = typeof import('../../../guard/verify/bundle.ts')
  type Deciding = typeof import('../../../guard/verify/decide.ts')
  const { readBundle } = (await load('guard/verify/bundle.ts')) as Reading
  const { makeDecider } = (await load('guard/verify/decide.ts')) as Deciding
  const octets = bundleOctets(bundle)
  const decide = makeDecider(readBundle(Buffer.from(octets), bundleDigest(octets)))
  return (stanza) => decide(framed(stanza, formatNumber(FIRST)), second, FIRST)
}
