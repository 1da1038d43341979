/**
 * Edges are killed under load, each by itself and both at once, while guards and servers live on: what a server had been told is
 * taken arrives once and in order; the last hop alone may repeat, and says so by a mark of delay; nobody is told of a failure of
 * what arrived.
 *
 * FAULT_KILLS=n kills so often (3 unless told); after 70 s no new round begins.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { until } from '../guard/harness.ts'
import type { PeerDomain } from '../peer/domain.ts'
import { startChatting } from './chatting.ts'

const KILLS = Number(process.env['FAULT_KILLS'] ?? 3)
const BURST = 400
const LAST_ROUND_MS = 70_000
const PORTS = 17_240

t.setTimeout(400_000)

t.test(`an edge killed ${KILLS} times`, async (t) => {
  /** What arrived: the number, and whether it was marked. */
  const arrived = { near: [] as [number, boolean][], far: [] as [number, boolean][] }
  const pongs = { near: 0, far: 0 }
  const errors: string[] = []
  const { crossing, domains, log, ...message } = await startChatting(t, PORTS, (which, octets) => {
    const text = octets.toString('latin1')
    if (/^<iq [^>]*type="result"/.test(text)) pongs[which]++
    else if (/^<[a-z]+ [^>]*type="error"/.test(text)) errors.push(text)
    else arrived[which].push([Number(/<body>n([0-9]+)<\/body>/.exec(text)?.[1]), text.includes('<delay ')])
  })
  const sides = {
    near: { domain: 'acme.example', other: 'coalition.example', sent: 0, message: message.out },
    far: { domain: 'coalition.example', other: 'acme.example', sent: 0, message: message.back },
  }

  /** Sends so many, and resolves when their server knows that they were taken. */
  async function send(which: 'near' | 'far', count: number): Promise<void> {
    const side = sides[which]
    const stream = await streamOf(domains[which], side.domain, side.other)
    const known = pongs[which]
    for (let i = 0; i < count; i++) stream.write(side.message(++side.sent))
    stream.write(
      `<iq from='${side.domain}' to='${side.other}' id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
    )
    await until(
      () => pongs[which] > known,
      20_000,
      () => log(`edge-${which}`),
    )
  }

  await Promise.all([send('near', 10), send('far', 10)])
  const began = performance.now()
  /** How many were between the servers at each kill. */
  const waited: number[] = []
  let rounds = 0
  for (; rounds < KILLS && (rounds < 2 || performance.now() - began < LAST_ROUND_MS); rounds++) {
    const victims = ([['near'], ['far'], ['near', 'far'], ['far', 'near']] as const)[rounds % 4]!
    await Promise.all([send('near', BURST), send('far', BURST)])
    waited.push(sides.near.sent + sides.far.sent - arrived.near.length - arrived.far.length)
    await Promise.all(victims.map((which) => crossing.killAndStart(`edge-${which}`)))
  }
  await Promise.all([send('near', 10), send('far', 10)])
  for (const [which, from] of [
    ['far', 'near'],
    ['near', 'far'],
  ] as const) {
    const numbers = () => arrived[which].map(([n]) => n)
    await until(
      () => new Set(numbers()).size >= sides[from].sent,
      30_000,
      () => log(`edge-${which}`),
    )
    await delay(300)
    const all = Array.from({ length: sides[from].sent }, (_, i) => i + 1)
    const once = new Set(numbers())
    const lost = all.filter((n) => !once.has(n))
    const unmarked = arrived[which].filter(
      ([n, marked], i) => !marked && arrived[which].findIndex(([m]) => m === n) < i,
    )
    t.comment(
      `to ${which}: ${all.length} taken, ${lost.length} lost, ${unmarked.length} doubled, ${numbers().length - once.size} repeated by the last hop and marked`,
    )
    t.same(lost, [], 'nothing is lost')
    t.same(unmarked, [], 'nothing is doubled')
    t.same([...once], all, 'the first of each in order')
  }
  t.same(errors, [], 'nobody is told of a failure')
  t.comment(`on their way at each kill: ${waited.join(', ')}`)
  t.ok(
    waited.some((count) => count > 0),
    'some were on their way',
  )
})

/** A stream to an edge that may just be starting. */
async function streamOf(domain: PeerDomain, from: string, to: string) {
  for (let tries = 0; ; tries++) {
    try {
      return await domain.stream(from, to)
    } catch (error) {
      if (tries > 100) throw error
      await delay(100)
    }
  }
}
