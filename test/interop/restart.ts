/** A server or an edge is ended in mid-traffic and started again: what is lost, doubled, and bounced though it was delivered. */
import type { Test } from 'tap'
import type { Account } from './account.ts'
import { check, reached } from './reached.ts'
import { type Bundles, has, message, type Users, usual } from './stanzas.ts'

const COUNT = 300
/** Milliseconds from one message to the next. */
const PACE = 4

/**
 * Alice writes to bob while his server is ended by SIGTERM, in the middle, and is started again.
 * @param end ends the server; resolves when it is gone
 * @param again starts it; gives bob's new session
 */
export async function serverRestart(
  t: Test,
  { alice, bob }: Users,
  bundles: Bundles,
  end: () => Promise<void>,
  again: () => Promise<Account>,
): Promise<Account> {
  const { out } = usual(bundles)
  const since = alice.received.length
  let back: Promise<Account> | undefined
  for (let n = 0; n < COUNT; n++) {
    alice.send(message('bob@low.example/test', 'chat', `restart-${n}`, `restart ${n}.`, out))
    if (n === COUNT / 2) back = end().then(again)
    await new Promise((resolve) => setTimeout(resolve, PACE))
  }
  const after = await back!
  const lists = await reached(bob, after, 'restart', COUNT)
  check(t, lists, 'restart', COUNT)
  const bounced = alice.received
    .slice(since)
    .filter(has('type="error"'))
    .flatMap((s) => / id=["']restart-(\d+)/.exec(s)?.[1] ?? [])
  const both = bounced.filter((n) => lists[0]!.some((s) => s.includes(`<body>restart ${n}.`)))
  t.same(both, [], 'nothing came back that was delivered')
  t.comment(`${bounced.length} of ${COUNT} came back`)
  return after
}
