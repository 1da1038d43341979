/**
 * Stanzas changed at every octet. What is refused is refused without a fault; what is accepted is written as it came but
 * for its label, which is made anew, and accepted again when it goes in again.
 */
import t, { type Test } from 'tap'
import { chat, decide, disco, labelOf, presence } from './fixture.ts'
import { inserts, mutate } from './mutate.ts'
import { random } from './random.ts'

const seeds = [
  chat(`<subject xml:lang="de">Ü</subject><body>a &amp; b é 😀\n</body><thread>t</thread>${labelOf(0)}`),
  chat(`<body>x</body>${labelOf(1)}`),
  chat(`<body>x</body>${labelOf(2)}`),
  presence(
    '<show>away</show><priority>-5</priority><x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="member" nick="a &quot;b"><reason></reason></item></x>',
  ),
  disco('<feature var="a"></feature><feature var="b"></feature>', labelOf(3)),
]

const LABEL = /<securitylabel .*<\/securitylabel>|<BindingData .*<\/BindingData>/s

function check(t: Test, stanza: Buffer): boolean {
  const verdict = decide(stanza)
  if (!verdict.accepted) {
    if (!(verdict.at >= 0 && verdict.at <= stanza.length)) t.fail(`position ${verdict.at} in ${stanza}`)
    return false
  }
  // The octets that came, as text; ill-formed UTF-8 would show as U+FFFD.
  const text = stanza.toString('utf8')
  const sameBeside = verdict.output.replace(LABEL, '') === text.replace(LABEL, '')
  if (!sameBeside) t.fail(`written otherwise: ${text}\n${verdict.output}`)
  const again = decide(verdict.output.replace(LABEL, LABEL.exec(text)?.[0].replaceAll('$', '$$$$') ?? ''))
  if (!again.accepted || again.output !== verdict.output) t.fail(`not accepted again: ${verdict.output}`)
  return true
}

for (const [index, seed] of seeds.entries()) {
  t.test(`one change at every octet of ${index}`, async (t) => {
    const octets = Buffer.from(seed, 'utf8')
    t.ok(check(t, octets), 'the seed itself is accepted')
    const counts = { accepted: 0, refused: 0 }
    const ask = (...parts: Uint8Array[]) => {
      counts[check(t, Buffer.concat(parts)) ? 'accepted' : 'refused'] += 1
    }
    for (let at = 0; at <= octets.length; at += 1) {
      const [before, after] = [octets.subarray(0, at), octets.subarray(at)]
      ask(before)
      ask(before, after.subarray(1))
      ask(before, after.subarray(0, 1), after)
      for (let bit = 1; bit < 256; bit *= 2)
        ask(before, Buffer.from([(after[0] ?? 0) ^ bit]), after.subarray(1))
      for (const insert of [...inserts, Buffer.from(labelOf(0))]) {
        ask(before, insert, after)
        ask(before, insert, after.subarray(1))
      }
    }
    t.ok(counts.accepted > 100 && counts.refused > 1000, JSON.stringify(counts))
    t.comment(`${counts.accepted} accepted, ${counts.refused} refused`)
  })
}

t.test('several changes, pieces moved and doubled', async (t) => {
  const chance = random(3)
  const { below, pick } = chance
  const pool = seeds.map((seed) => Buffer.from(seed, 'utf8'))
  const counts = { accepted: 0, refused: 0 }
  for (let n = 0; n < 40_000; n += 1) {
    let stanza: Buffer = pick(pool)
    for (let change = below(3); change >= 0; change -= 1) stanza = mutate(chance, stanza, pool)
    counts[check(t, stanza) ? 'accepted' : 'refused'] += 1
  }
  t.ok(counts.accepted > 500 && counts.refused > 1000, JSON.stringify(counts))
})
