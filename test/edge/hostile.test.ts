/**
 * The sample of ../shared/conformance/stanzas, sent to a running edge on a real stream each: no hostile marker may reach
 * the guard or come back in an answer, and each benign one must reach the guard or be named here as not in this profile.
 */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { issue } from '../pki/pki.ts'
import { connectOpen } from './raw.ts'
import { OWN, startWorld, until } from './world.ts'

const folder = '../shared/conformance/stanzas'
const skip = existsSync(folder) ? false : `no ${folder} here`

type Hostile = Readonly<{
  file: string
  class: string
  accept: readonly string[]
  must_never_appear_downstream: string
  must_never_appear_downstream_hex?: string
  also_never?: readonly string[]
  nothing_more_on_this_stream?: boolean
}>
type Benign = Readonly<{ file: string; why: string; must_appear: string }>

function index<T>(kind: string): readonly T[] {
  const read: unknown = JSON.parse(readFileSync(`${folder}/${kind}/index.json`, 'utf8'))
  return (Array.isArray(read) ? read : (read as { cases: T[] }).cases) as T[]
}

/** What ends a file: its stanza is complete and nothing more comes of it. */
const ping = (id: string) =>
  `<iq from='high.example' to='low.example' id='${id}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`

t.test('hostile and benign input in one run', { skip }, async (t) => {
  // Presence that waits for its pace would cross among the next ones.
  const world = await startWorld({ limits: { stanzaSeconds: 1 }, more: { presence: { seconds: 0 } } })
  t.teardown(world.close)
  const own = await issue(world.ca, { dns: OWN })
  const ca = world.ca.certificate
  const outcomes = new Map<string, number>()
  const note = (name: string) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1)

  for (const entry of index<Hostile>('hostile')) {
    const sent = world.guard.frames.length
    const raw = await connectOpen(world.edge.s2sPort, ca, own)
    raw.write(readFileSync(`${folder}/hostile/${entry.file}`))
    if (!entry.file.includes('never-closed')) raw.write(ping(`end-${entry.file.slice(0, 4)}`))
    const id = `id="end-${entry.file.slice(0, 4)}"`
    // Either the stream ends, or the ping behind the file is answered on the stream back.
    await until(
      () =>
        raw.socket.destroyed ||
        raw.text.includes('</stream:stream>') ||
        world.server.received.some(({ xml }) => xml.includes(id)),
      4000,
    )
    const broken = raw.text.includes('<stream:error>')
    raw.socket.destroy()
    const crossed = world.guard.frames.slice(sent)
    const outcome = broken ? 'stream-error' : crossed.length > 0 ? 'sanitise' : 'reject'
    note(`${entry.class}: ${outcome}`)
    t.ok(entry.accept.includes(outcome), `${entry.file}: ${outcome}, admitted ${entry.accept.join(', ')}`)
    const seen = Buffer.from([...crossed, ...world.server.received].map(({ xml }) => xml).join('\n'))
    const never = [entry.must_never_appear_downstream, ...(entry.also_never ?? [])].map((text) =>
      Buffer.from(text),
    )
    if (entry.must_never_appear_downstream_hex)
      never.push(Buffer.from(entry.must_never_appear_downstream_hex, 'hex'))
    for (const marker of never)
      t.notOk(seen.includes(marker), `${entry.file}: no ${marker.toString('latin1').slice(0, 20)}`)
    if (entry.nothing_more_on_this_stream) t.equal(crossed.length, 0, `${entry.file}: nothing crosses`)
  }
  for (const [outcome, count] of [...outcomes].sort()) t.comment(`${String(count).padStart(4)} ${outcome}`)

  const missing: string[] = []
  for (const entry of index<Benign>('benign')) {
    const raw = await connectOpen(world.edge.s2sPort, ca, own)
    raw.write(readFileSync(`${folder}/benign/${entry.file}`))
    const frame = await world.guard.find((xml) => xml.includes(entry.must_appear), 300)
    if (frame === undefined) missing.push(`${entry.file}: ${entry.why}`)
    raw.socket.destroy()
  }
  t.same(missing, [], 'every benign stanza reaches the guard')
  t.notMatch(await world.metrics(), /HOSTILE|BENIGN/, 'no marker in the metrics')
  t.notMatch(JSON.stringify(world.log), /HOSTILE|BENIGN/, 'no marker in the log')
})
