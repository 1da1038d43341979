/** A server or an edge is ended in mid-traffic and started again: what is lost, doubled, and bounced though it was delivered. */
import type { Test } from 'tap'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import type { Account } from './account.ts'
import { check, copies, reached } from './reached.ts'
import { type Bundles, has, message, type Users, usual } from './stanzas.ts'

/** Messages before the end and after the new start; and milliseconds from one to the next. */
const BESIDE = 100
const PACE = 4
/** Messages at most while something starts. */
const MOST = 30_000

/** What an edge says to a sender by itself; any other condition is the word of a server. */
const BY_EDGES = /<(policy-violation|remote-server-timeout|resource-constraint)/

/**
 * Alice writes to bob while his server is ended by SIGTERM and started again. A server that ends bounces what its users' clients have not
 * acknowledged, and what comes when they are gone: its sender knows of that, so it is not lost.
 * @param isCertain whether the server keeps what it acknowledged: ejabberd answers a ping before its user has what came in front of it
 * @param restart ends the server and starts it; gives bob's new session
 */
export async function serverRestart(
  t: Test,
  { alice, bob }: Users,
  bundles: Bundles,
  isCertain: boolean,
  restart: () => Promise<Account>,
): Promise<Account> {
  const { out } = usual(bundles)
  const since = alice.received.length
  const flow = writer(alice, 'bob@low.example/test', 'restart', out)
  await flow.write(BESIDE)
  let after: Account | undefined
  const again = restart().then((account) => {
    after = account
    return account
  })
  await flow.write(MOST, () => after !== undefined)
  await flow.write(BESIDE)
  const count = flow.count()
  const lists = await reached(bob, await again, 'restart', count)
  const { errors, bounced } = givenBack(alice, since, 'restart')
  const lost = copies(lists, 'restart', count).filter((n, i) => n === 0 && !bounced.has(i)).length
  t.comment(`${lost} of ${count} are neither there nor came back`)
  const all = isCertain ? bounced.keys() : Array(count).keys()
  check(t, lists, 'restart', count, new Set(all))
  t.equal(bounced.size, errors.length, 'nothing came back twice')
  const both = [...bounced].filter(([n]) => lists[0]!.some((s) => s.includes(`<body>restart ${n}.`)))
  t.same(
    both.filter(([, error]) => BY_EDGES.test(error)),
    [],
    'no edge gave back what was delivered',
  )
  t.comment(
    `${bounced.size} of ${count} came back, ${both.length} of them by the server although it had delivered them`,
  )
  return after!
}

/**
 * Alice and bob write to each other while each edge in turn is killed and started again, the servers living on.
 * @param kill kills an edge and starts it; resolves when it is ready
 * @param asks whether the server of a side asks what was taken of it (XEP-0198): of another, what was on the wire is lost unheard
 */
export async function edgeRestarts(
  t: Test,
  { alice, bob }: Users,
  bundles: Bundles,
  kill: (edge: string) => Promise<void>,
  asks: Readonly<Record<'high' | 'low', boolean>>,
): Promise<void> {
  const { out, back } = usual(bundles)
  let over = false
  const flows = [
    { from: alice, to: bob, word: 'edges out', label: out, asks: asks.high },
    { from: bob, to: alice, word: 'edges back', label: back, asks: asks.low },
  ].map((flow) => ({
    ...flow,
    since: { from: flow.from.received.length, to: flow.to.received.length },
    ...writer(flow.from, flow.to.address, flow.word, flow.label),
  }))
  await Promise.all(flows.map(({ write }) => write(BESIDE)))
  const kills = kill('edge-near')
    .then(() => kill('edge-far'))
    .finally(() => {
      over = true
    })
  await Promise.all(
    flows.map(async ({ to, word, since, write, count }) => {
      await write(MOST, () => over)
      // Servers open their streams again in their own time.
      const first = count()
      await write(MOST, () => to.received.slice(-50).some((s) => numberOf(s, word) >= first))
      await write(BESIDE)
      await to.expect('the last message', has(`${word} ${count() - 1}.`), { since: since.to })
    }),
  )
  await kills
  for (const { from, to, word, since, asks, count } of flows) {
    const list = to.received.slice(since.to)
    const { errors, bounced } = givenBack(from, since.from, word)
    const arrived = copies([list], word, count())
    const lost = arrived.flatMap((copies, n) => (copies === 0 && !bounced.has(n) ? [n] : []))
    const twice = copies([list], word, count(), false).flatMap((copies, n) => (copies > 1 ? [n] : []))
    const both = [...bounced].filter(([n]) => arrived[n]! > 0)
    t.comment(
      `${word}: ${count()} sent, ${lost.length} lost, ${twice.length} doubled without a mark, ${arrived.filter((n) => n > 1).length} with one, ${bounced.size} came back, ${both.length} of them though delivered`,
    )
    if (asks) t.same(lost, [], 'nothing is lost')
    t.same(twice, [], 'what is there twice is marked as delayed')
    t.same(
      both.filter(([, error]) => BY_EDGES.test(error)),
      [],
      'no edge gave back what was delivered',
    )
    t.equal(bounced.size, errors.length, 'nothing came back twice')
  }
}

/** Writes numbered messages; `write` so many more, or until what it is told. */
function writer(from: Account, to: string, word: string, label: LabelRow) {
  let count = 0
  return {
    count: () => count,
    async write(most: number, until: () => boolean = () => false): Promise<void> {
      for (const end = count + most; count < end && !until(); count++) {
        from.send(message(to, 'chat', `${word} ${count}`, `${word} ${count}.`, label))
        await new Promise((resolve) => setTimeout(resolve, PACE))
      }
    },
  }
}

/** The number of a message in a flow; -1 of any other stanza. */
function numberOf(stanza: string, word: string): number {
  return Number(new RegExp(`<body>${word} (\\d+)\\.`).exec(stanza)?.[1] ?? -1)
}

/** What came back to its sender, by its number. */
function givenBack(from: Account, since: number, word: string) {
  const errors = from.received.slice(since).filter(has('type="error"', `id="${word} `))
  const number = (error: string) => Number(new RegExp(` id=["']${word} (\\d+)`).exec(error)?.[1])
  return { errors, bounced: new Map(errors.map((error) => [number(error), error])) }
}
