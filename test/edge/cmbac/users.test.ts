/** Where a user's clearance comes from, how long an answer counts, and what is waited for. */
import t from 'tap'
import { createUsers, type DirectoryEntry } from '../../../edge/cmbac/users.ts'
import { type Jid, parseJid } from '../../../rules/address/jid.ts'
import { ACME, clearance } from './policies.ts'

const jid = (text: string): Jid => parseJid(text)!
const LISTED = [clearance(ACME, ['OPEN'])]
const DEFAULT = [clearance(ACME, ['RESTRICTED'])]
const FOUND = [clearance(ACME, ['SECRET'])]
const ALICE = jid('alice@high.example/phone')

type Asked = { user: string; answer(entry: DirectoryEntry): void; fail(): void }

function world(given: Partial<Parameters<typeof createUsers>[0]> = {}) {
  const asked: Asked[] = []
  const problems: string[] = []
  const clock = { now: 1000 }
  const users = createUsers({
    domains: new Set(['high.example']),
    listed: new Map([['listed@high.example', LISTED]]),
    fallback: DEFAULT,
    ask: ({ text }) =>
      new Promise((resolve, reject) => {
        asked.push({ user: text, answer: resolve, fail: () => reject(new Error('away')) })
      }),
    keepMs: 1000,
    againMs: 50,
    most: 3,
    now: () => clock.now,
    onProblem: (user, problem) => void problems.push(`${user} ${problem}`),
    ...given,
  })
  return { users, asked, problems, clock }
}
const answer = async (asked: Asked, clearances = FOUND, problems: string[] = []) => {
  asked.answer({ clearances, problems })
  await new Promise(setImmediate)
}

t.test('file, directory, default; and whom it is about', async (t) => {
  const { users, asked } = world()
  t.same(users.standing(jid('listed@high.example/x')), { state: 'cleared', clearances: LISTED })
  t.equal(users.known([jid('listed@high.example')]), undefined, 'who is listed is not asked for')
  for (const other of ['bob@low.example', 'high.example', 'high.example/x']) {
    t.equal(users.standing(jid(other)), undefined)
    t.equal(users.known([jid(other)]), undefined)
  }
  t.same(users.standing(ALICE), { state: 'unavailable' }, 'fails closed before it is known')
  const known = users.known([ALICE])
  t.ok(known)
  t.ok(users.known([ALICE]), 'who is asked for already is waited for')
  t.equal(asked.length, 1, 'and not asked for twice')
  await answer(asked[0]!)
  await known
  t.same(users.standing(ALICE), { state: 'cleared', clearances: FOUND })
  t.same(users.standing(jid('alice@high.example/laptop')), { state: 'cleared', clearances: FOUND })
  t.equal(users.known([ALICE]), undefined)
})

t.test('nothing in the directory is the default; something that is of no use is not', async (t) => {
  const { users, asked, problems } = world()
  void users.known([ALICE])
  await answer(asked[0]!, [])
  t.same(users.standing(ALICE), { state: 'cleared', clearances: DEFAULT })
  const mallory = jid('mallory@high.example')
  void users.known([mallory])
  await answer(asked[1]!, [], ['is no XML'])
  t.same(users.standing(mallory), { state: 'none' })
  t.same(problems, ['mallory@high.example is no XML'])
  const without = world({ fallback: undefined })
  void without.users.known([ALICE])
  await answer(without.asked[0]!, [])
  t.same(without.users.standing(ALICE), { state: 'none' })
  const plain = world({ ask: undefined, fallback: undefined })
  t.same(plain.users.standing(ALICE), { state: 'none' })
  t.equal(plain.users.known([ALICE]), undefined)
})

t.test(
  'an answer counts for its time, is asked for again in the second half of it, and then fails closed',
  async (t) => {
    const { users, asked, clock } = world()
    void users.known([ALICE])
    await answer(asked[0]!)
    clock.now += 499
    t.equal(users.known([ALICE]), undefined)
    t.equal(asked.length, 1)
    clock.now += 2
    t.equal(users.known([ALICE]), undefined, 'nobody waits')
    t.equal(asked.length, 2, 'but it is asked for')
    asked[1]!.fail()
    await new Promise(setImmediate)
    t.match(
      users.standing(ALICE),
      { state: 'cleared' },
      'what is known counts on while the directory is away',
    )
    users.known([ALICE])
    t.equal(asked.length, 2, 'which is not asked at every stanza')
    clock.now += 51
    users.known([ALICE])
    t.equal(asked.length, 3)
    asked[2]!.fail()
    await new Promise(setImmediate)
    clock.now += 500
    t.same(users.standing(ALICE), { state: 'unavailable' }, 'until its time is over')
    const known = users.known([ALICE])
    asked[3]!.fail()
    await known
    t.same(users.standing(ALICE), { state: 'unavailable' })
    t.equal(users.known([ALICE]), undefined, 'and is told at once')
    clock.now += 51
    const again = users.known([ALICE])
    await answer(asked[4]!, [])
    await again
    t.same(users.standing(ALICE), { state: 'cleared', clearances: DEFAULT }, 'the directory is back')
  },
)

t.test('so many are kept, the last that were asked for', async (t) => {
  const { users, asked } = world()
  const all = ['a', 'b', 'c', 'd'].map((local) => jid(`${local}@high.example`))
  for (const [i, user] of all.entries()) {
    void users.known([user])
    await answer(asked[i]!)
    users.standing(all[0]!)
  }
  t.same(
    all.map((user) => users.standing(user)!.state),
    ['cleared', 'unavailable', 'cleared', 'cleared'],
  )
})
