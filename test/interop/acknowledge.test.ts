/**
 * What servers acknowledge, and what is sent again when one is killed: Prosody by stream management and both ways on one stream,
 * ejabberd by pings. A killed server may have handed a message to its user or put it in its archive: both count, for only what
 * neither has is lost.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ask, type Crossing } from '../support/crossing.ts'
import { type Account, login } from './account.ts'
import { GATE, openGate } from './gate.ts'
import { row, written } from './labels.ts'
import { closeNetwork, networkAvailable } from './network.ts'
import { archive, check, copies, reached } from './reached.ts'
import { type Server, startEjabberd, startProsody } from './servers.ts'

const PATIENT = { timeout: 120_000 } as const
const COUNT = 400
/** Milliseconds from one message to the next. */
const PACE = 4

const available = networkAvailable()
if (available !== true) t.test('acknowledgement', { skip: available }, () => {})
else await run()

async function run(): Promise<void> {
  t.setTimeout(300_000)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-acknowledge-'))
  const running: { close(): unknown }[] = []
  t.teardown(async () => {
    for (const one of running.toReversed()) await one.close()
    closeNetwork()
    if (t.passing()) rmSync(folder, { recursive: true, force: true })
    else t.comment(`logs are kept in ${folder}`)
  })
  const keep = <T extends { close(): unknown }>(one: T): T => {
    running.push(one)
    return one
  }
  const server = (started: Server): Server => {
    running.push({ close: started.stop })
    return started
  }
  const crossing = keep(
    await openGate(folder, 'ess-0258+equivalentlabel', {
      s2s: { high: { peers: [{ domain: 'high.example', bidirectional: true }] } },
      edges: { limits: { acknowledgeSeconds: 5 } },
    }),
  )
  const { near, far } = crossing.pki
  let prosody = server(startProsody('high', folder, near))
  let ejabberd = server(startEjabberd('low', folder, far))
  t.comment(`high: ${prosody.name} ${prosody.version}, low: ${ejabberd.name} ${ejabberd.version}`)
  const enter = async (side: 'high' | 'low', user: string) => {
    const account = keep(await login(side, user, side === 'high' ? near.ca : far.ca))
    account.send('<presence/>')
    return account
  }
  let [alice, bob] = await Promise.all([enter('high', 'alice'), enter('low', 'bob')])
  const labels = {
    out: written(row(crossing.bundles.out, 'acme/restricted-harbour', 'ess-0258').input.template),
    back: written(
      crossing.bundles.back.labels.rows.find((r) => r.input.form === '4774-4778')!.input.template,
    ),
  }
  const send = (from: Account, to: string, label: string, word: string, n: number) =>
    from.send(
      `<message to='${to}' type='chat' id='${word}-${n}'><body>${word} ${n}.</body>${label}</message>`,
    )
  const flow = async (
    from: Account,
    to: string,
    label: string,
    word: string,
    at: (n: number) => void = () => {},
  ) => {
    for (let n = 0; n < COUNT; n++) {
      send(from, to, label, word, n)
      at(n)
      await new Promise((resolve) => setTimeout(resolve, PACE))
    }
  }
  const last = (word: string) => (stanza: string) => stanza.includes(`${word} ${COUNT - 1}.</body>`)

  await t.test('both ways, all is acknowledged', PATIENT, async (t) => {
    await Promise.all([
      flow(alice, 'bob@low.example/test', labels.out, 'calm'),
      flow(bob, 'alice@high.example/test', labels.back, 'calm'),
    ])
    await Promise.all([bob.expect('the last', last('calm')), alice.expect('the last', last('calm'))])
    t.same(await settled(crossing), [0, 0], 'nothing waits for its acknowledgement')
    for (const one of [alice, bob])
      t.same(copies([one.received], 'calm', COUNT), Array(COUNT).fill(1), 'once each')
    const said = prosody.log()
    t.match(said, /Enabling stream management/, 'Prosody has stream management')
    t.match(said, /Received ack request, acking for \d+/, 'and is asked')
    t.match(said, /#queue = 0 \(acked: \d+\)/, 'and is told')
    t.notMatch(said, 'unacked stanzas', 'no stream ended with any that were not')
  })

  await t.test(
    'Prosody is killed in the middle and comes back with streams both ways',
    PATIENT,
    async (t) => {
      const before = alice
      await flow(bob, 'alice@high.example/test', labels.back, 'storm', (n) => {
        if (n !== COUNT / 2) return
        prosody.process.kill('SIGKILL')
        before.close()
      })
      prosody = server(startProsody('high', folder, near, { modules: ['s2s_bidi'] }))
      alice = await enter('high', 'alice')
      t.same(await settled(crossing), [0, 0])
      const archived = await archive(alice, 'storm')
      const live = [...before.received, ...alice.received]
      check(t, [live, archived], 'storm', COUNT)
      send(alice, 'bob@low.example/test', labels.out, 'over', 1)
      await bob.expect('a message on the same stream', (s) => s.includes('over 1.'))
      send(bob, 'alice@high.example/test', labels.back, 'over', 2)
      await alice.expect('an answer on the same stream', (s) => s.includes('over 2.'))
      t.match(readFileSync(join(folder, 'crossing', 'edge-near.log'), 'utf8'), /s2s stream goes both ways/)
      t.match(prosody.log(), /Requested bidirectional stream|Requesting bidirectional stream/)
    },
  )

  // It answers pings before its users have what came in front of them, and what comes before they are back it bounces.
  if (process.env['SALLYPORT_INTEROP_FLOOD'] === undefined) {
    t.comment(
      'ejabberd is killed in the long form only (SALLYPORT_INTEROP_FLOOD): it answers before it delivers',
    )
    return
  }
  await t.test('ejabberd is killed in the middle', PATIENT, async (t) => {
    const before = bob
    await flow(alice, 'bob@low.example/test', labels.out, 'storm', (n) => {
      if (n !== COUNT / 2) return
      ejabberd.process.kill('SIGKILL')
      before.close()
    })
    ejabberd = server(startEjabberd('low', folder, far))
    bob = await enter('low', 'bob')
    check(t, await reached(before, bob, 'storm', COUNT), 'storm', COUNT)
    t.same(await settled(crossing), [0, 0])
  })
}

/** What waits for delivery at both edges, once it is nothing or half a minute has gone by. */
async function settled({ processes }: Crossing): Promise<number[]> {
  const waiting = () =>
    processes
      .filter(({ name }) => name.startsWith('edge'))
      .map(({ metrics }) =>
        Number(/queue\{queue="delivery"\} (\d+)/.exec(ask(`${metrics}/metrics`, GATE).text)?.[1]),
      )
  for (let i = 0; i < 60 && waiting().some((count) => count > 0); i++)
    await new Promise((resolve) => setTimeout(resolve, 500))
  return waiting()
}
