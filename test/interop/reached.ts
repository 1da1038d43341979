/**
 * What became of a numbered flow while something was ended in its middle: a message has reached its user when it came live or when it
 * is in the archive of the user's server (XEP-0313), for only what neither has is lost.
 */
import type { Test } from 'tap'
import type { Account } from './account.ts'

/** How many of the lists have each message; those marked as delayed by the boundary are left out where `marked` says so. */
export function copies(
  lists: readonly (readonly string[])[],
  word: string,
  of: number,
  marked = true,
): number[] {
  const counts = Array<number>(of).fill(0)
  for (const list of lists) {
    for (const stanza of list) {
      const number = new RegExp(`<body>${word} (\\d+)\\.`).exec(stanza)?.[1]
      if (number !== undefined && (marked || !/<delay [^>]*from=["'](high|low)\.example["']/.test(stanza)))
        counts[Number(number)]!++
    }
  }
  return counts
}

/** Nothing is lost but what `bounced`, and what a list has twice is marked as delayed by the boundary. */
export function check(
  t: Test,
  lists: readonly (readonly string[])[],
  word: string,
  of: number,
  bounced: ReadonlySet<number> = new Set(),
): void {
  const counts = copies(lists, word, of)
  const lost = counts.flatMap((count, n) => (count === 0 && !bounced.has(n) ? [n] : []))
  t.same(lost, [], 'nothing is lost')
  for (const list of lists) {
    const twice = copies([list], word, of, false).flatMap((count, n) => (count > 1 ? [n] : []))
    t.same(twice, [], 'what is there twice is marked as delayed')
  }
  const again = copies(lists, word, of).filter(
    (count, n) => count > copies(lists, word, of, false)[n]!,
  ).length
  t.comment(`${again} of ${of} were sent again`)
}

/** What came before and after the server was killed, and what its archive has, once the last is in one of them. */
export async function reached(
  before: Account,
  after: Account,
  word: string,
  of: number,
): Promise<string[][]> {
  for (let i = 0; ; i++) {
    const live = [...before.received, ...after.received.filter((s) => !isArchived(s))]
    const archived = await archive(after, `${word}-${i}`)
    const last = `<body>${word} ${of - 1}.`
    if (i === 40 || [...live, ...archived].some((stanza) => stanza.includes(last))) return [live, archived]
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

function isArchived(stanza: string): boolean {
  return stanza.includes('urn:xmpp:mam:2') && stanza.includes('<forwarded')
}

/** All that a server's archive has for an account (XEP-0313). */
export async function archive(account: Account, query: string): Promise<string[]> {
  const since = account.received.length
  let after = ''
  for (let page = 0; page < 100; page++) {
    account.send(
      `<iq type='set' id='${query}-${page}'><query xmlns='urn:xmpp:mam:2' queryid='${query}'><set xmlns='http://jabber.org/protocol/rsm'><max>50</max><after>${after}</after></set></query></iq>`,
    )
    const end = await account.expect(
      'a page of the archive',
      (s) => s.startsWith('<iq') && s.includes(`${query}-${page}`),
      {
        since,
      },
    )
    const next = /<last>([^<]*)<\/last>/.exec(end)?.[1]
    if (next === undefined || /complete=["']true["']/.test(end)) break
    after = next
  }
  return account.received.slice(since).filter(isArchived)
}
