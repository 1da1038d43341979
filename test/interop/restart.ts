/** A server is ended in mid-traffic and started again: what is lost, doubled, and bounced though it was delivered. */
import type { Test } from 'tap'
import type { Account } from './account.ts'
import { check, reached } from './reached.ts'
import { type Bundles, has, message, type Users, usual } from './stanzas.ts'

/** Messages before the end and after the new start; and milliseconds from one to the next. */
const BESIDE = 100
const PACE = 4

/** What an edge says to a sender by itself; any other condition is the word of a server. */
const BY_EDGES = /<(policy-violation|remote-server-timeout|resource-constraint)/

/**
 * Alice writes to bob while his server is ended by SIGTERM and started again. A server that ends bounces what its users' clients have not
 * acknowledged, and what comes when they are gone: its sender knows of that, so it is not lost.
 * @param restart ends the server and starts it; gives bob's new session
 */
export async function serverRestart(
  t: Test,
  { alice, bob }: Users,
  bundles: Bundles,
  restart: () => Promise<Account>,
): Promise<Account> {
  const { out } = usual(bundles)
  const since = alice.received.length
  let count = 0
  const write = async () => {
    alice.send(message('bob@low.example/test', 'chat', `restart-${count}`, `restart ${count}.`, out))
    count++
    await new Promise((resolve) => setTimeout(resolve, PACE))
  }
  while (count < BESIDE) await write()
  let after: Account | undefined
  const again = restart().then((account) => {
    after = account
    return account
  })
  while (after === undefined && count < 30_000) await write()
  for (const end = count + BESIDE; count < end; ) await write()
  const lists = await reached(bob, await again, 'restart', count)
  const errors = alice.received.slice(since).filter(has('type="error"', 'id="restart-'))
  const bounced = new Map(errors.map((error) => [Number(/ id=["']restart-(\d+)/.exec(error)?.[1]), error]))
  check(t, lists, 'restart', count, new Set(bounced.keys()))
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
