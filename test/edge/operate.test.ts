/** What an operator does with an edge that runs: who is connected, the end of a stream, the tap, reload, the configuration in force. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { edgeCommand } from '../../cli/edge.ts'
import { askEdge } from '../../edge/control/client.ts'
import type { Members } from '../../edge/control/lines.ts'
import type { SessionItem } from '../../edge/control/sessions.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { connectOpen } from './raw.ts'
import { OWN, startWorld, until, type World } from './world.ts'

const ALICE = `from='alice@high.example/x'`
const chat = (body: string, more = '') =>
  `<message ${ALICE} to='bob@low.example' id='i' type='chat'><body>${body}</body>${more}</message>`

const world: World = await startWorld()
t.teardown(() => world.close())
const file = join(world.folder, 'edge.yaml')
const own = await issue(world.ca, { dns: OWN })

/** Runs a command and gives its exit code and what it said. */
async function command(t: Test, ...argv: string[]): Promise<{ status: number; out: string }> {
  const said: string[] = []
  const write = (text: string) => said.push(text)
  t.intercept(process, 'stdout', { value: { ...process.stdout, write } })
  t.intercept(process, 'stderr', { value: { ...process.stderr, write } })
  const status = await edgeCommand([...argv, '--config', file])
  return { status, out: said.join('') }
}

async function ask(name: string, args: Record<string, string | number> = {}): Promise<Members[]> {
  const items: Members[] = []
  await askEdge(world.config.state, name, args, (item) => items.push(item))
  return items
}

const sessions = async () => (await ask('sessions')) as unknown as SessionItem[]
const open = () => connectOpen(world.edge.s2sPort, world.ca.certificate, own)

/** The session that `matches`, waited for. */
async function found(matches: (item: SessionItem) => boolean): Promise<SessionItem | undefined> {
  const end = performance.now() + 6000
  for (;;) {
    const item = (await sessions()).find(matches)
    if (item !== undefined || performance.now() > end) return item
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const isGuardOut = ({ protocol, direction }: SessionItem) => protocol === 'gcxp' && direction === 'outbound'

/** Records of a type, as they are written. */
function recorded(type: string): Members[] {
  const folder = join(world.config.state, 'records')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Members)
    .filter((fields) => fields['type'] === type)
}

/** What these tests change of edge.yaml. */
type Yaml = {
  s2s: { ca: string[] }
  gcxp: { out: object; in: object }
  metrics: { listen: string }
  controls?: object[]
  limits: Record<string, unknown>
}

/** Writes edge.yaml after a change. */
function configure(change: (yaml: Yaml) => void): void {
  const yaml = JSON.parse(readFileSync(file, 'utf8')) as Yaml
  change(yaml)
  writeFileSync(file, JSON.stringify(yaml))
}

t.test('sessions say who is there, by what, and how much went over them', async (t) => {
  await world.server.send(chat('first', essLabel()))
  await world.guard.find((xml) => xml.includes('first'))
  world.release(
    '<message xmlns="jabber:server" from="bob@low.example" id="b" to="alice@high.example"><body>back</body></message>',
  )
  await world.server.find((xml) => xml.includes('back'), 3000)
  await until(() => world.answers.length > 0)
  // The server is asked within a moment whether it has it.
  while (!/queue\{queue="delivery"\} 0\n/.test(await world.metrics()))
    await new Promise((resolve) => setTimeout(resolve, 20))
  const all = await sessions()
  const by = (protocol: string, direction: string) =>
    all.filter((one) => one.protocol === protocol && one.direction === direction)
  const [inbound] = by('s2s', 'inbound')
  t.match(inbound, {
    own: 'high.example',
    far: 'low.example',
    state: 'open',
    held: false,
    proven: OWN,
    version: 'TLSv1.3',
    cipher: /^TLS_AES_/,
    mode: 'starttls',
    names: /DNS:high\.example/,
    expires: /^20\d\d-/,
    address: /^127\.0\.0\.1:\d+$/,
    stanzas: 1,
  })
  t.ok(inbound!.octetsIn! > 100 && inbound!.octetsOut! > 100)
  t.ok(Date.parse(inbound!.since!) <= Date.parse(inbound!.last!))
  t.match(by('s2s', 'outbound')[0], {
    own: 'high.example',
    far: 'low.example',
    state: 'open',
    stanzas: 1,
    waiting: 0,
  })
  t.match(by('gcxp', 'outbound')[0], { far: 'guard.high.example', state: 'open', mode: 'direct', stanzas: 1 })
  t.match(by('gcxp', 'inbound')[0], { far: 'guard.high.example', state: 'open', stanzas: 1 })

  const shown = await command(t, 'sessions')
  t.equal(shown.status, 0)
  t.match(shown.out, /^s2s inbound high\.example → low\.example: open, session [0-9a-f]{8}$/m)
  t.match(shown.out, /^ {2}127\.0\.0\.1:\d+, TLSv1\.3 TLS_AES_\S+, STARTTLS$/m)
  t.match(
    shown.out,
    /^ {2}proven high\.example, conference\.high\.example; CN=.* \(DNS:.*\), issued by .*High.*, until 20/m,
  )
  t.match(shown.out, /^ {2}since \S+ \(\d+ s\), last stanza \S+; 1 stanzas, \d+ octets in, \d+ out$/m)
  t.match(shown.out, /^gcxp outbound edge → guard\.high\.example: open/m)
  t.match(JSON.parse((await command(t, 'sessions', '--json')).out.split('\n')[0]!), { protocol: 's2s' })
})

t.test('a guard that is away is there with the reason', async (t) => {
  world.guard.stop()
  const item = await found((one) => isGuardOut(one) && one.state === 'waiting')
  t.match(item, { far: 'guard.high.example', why: /GCXP to .*/ })
  t.match(
    (await command(t, 'sessions')).out,
    /^gcxp outbound edge → guard\.high\.example: waiting\n {2}GCXP to /m,
  )
  await world.guard.start()
  t.ok(await found((one) => isGuardOut(one) && one.state === 'open'))
})

t.test('one stream is ended, the others stay, and it is on record', async (t) => {
  const one = await open()
  const other = await open()
  const ids = (await sessions()).filter(
    ({ direction, protocol }) => direction === 'inbound' && protocol === 's2s',
  )
  const last = ids.at(-2)!
  const ended = await command(t, 'end', last.id!)
  t.match(ended, { status: 0, out: `the stream ${last.id} of high.example with low.example was ended\n` })
  t.match(await one.end(), /<stream:error><reset /)
  t.notOk((await sessions()).some(({ id }) => id === last.id))
  t.ok((await sessions()).some(({ id }) => id === ids.at(-1)!.id))
  t.ok(await until(() => recorded('ended').some(({ session }) => session === last.id)))
  t.match(
    recorded('session').find((fields) => fields['session'] === last.id && fields['state'] === 'closed'),
    { why: /reset: ended by the operator/ },
  )
  await t.rejects(command(t, 'end', 'nobody'), {
    message: 'no s2s stream "nobody": sallyport edge sessions lists them',
  })
  other.socket.destroy()
})

t.test('the tap shows each point, labels and addresses, and nothing that users wrote', async (t) => {
  const items: Members[] = []
  const tapped = askEdge(world.config.state, 'tap', { from: 'high.example', seconds: 20, count: 8 }, (item) =>
    items.push(item),
  )
  const incoming: Members[] = []
  const back = askEdge(
    world.config.state,
    'tap',
    { to: 'alice@high.example', kind: 'message', seconds: 20, count: 3 },
    (item) => incoming.push(item),
  )
  t.ok(await until(() => recorded('tap').filter(({ state }) => state === 'began').length === 2))
  await world.server.send(
    chat(
      'SECRET',
      `${essLabel()}<origin-id xmlns='urn:xmpp:sid:0' id='SECRET-2'/><subject>SECRET-3</subject>`,
    ),
  )
  await world.server.send(
    `<message ${ALICE} to='bob@low.example' type='chat'><body>SECRET-4</body><x xmlns='jabber:x:data' type='form'><field var='SECRET-5'><value>SECRET-6</value></field></x></message>`,
  )
  await world.server.send(
    `<presence ${ALICE} to='bob@low.example'><show>away</show><status>SECRET-7</status></presence>`,
  )
  world.release(
    '<message xmlns="jabber:server" from="bob@low.example" id="c" to="alice@high.example/x"><body>SECRET-8</body></message>',
    { generation: 1, count: 2 },
  )
  await Promise.all([tapped, back])
  t.same(
    items.slice(0, 4).map(({ direction, point }) => `${direction} ${point}`),
    ['out in', 'out normalised', 'out decided', 'out sent'],
  )
  t.match(
    items[0]!['stanza'],
    /^<message xmlns="jabber:server" from="alice@high\.example\/x".*<body>\[6\]<\/body>/,
  )
  t.match(items[0]!['stanza'], /<subject>\[8\]<\/subject>/)
  t.match(items[0]!['stanza'], /<securitylabel xmlns="urn:xmpp:sec-label:0">.*MQgCAQQGAyoDBA==/)
  t.match(items[1], { taken: [/origin-id/] })
  t.match(items[2], { verdict: 'accepted' })
  t.match(items[3], { number: /^\d+\.\d+$/ })
  t.match(items[5], { point: 'decided', verdict: 'unknown-element' })
  t.same(
    incoming.map(({ direction, point }) => `${direction} ${point}`),
    ['in in', 'in decided', 'in sent'],
  )
  t.notMatch(JSON.stringify([items, incoming]), /SECRET/)
  t.ok(await until(() => recorded('tap').some(({ state, shown }) => state === 'ended' && shown === 8)))
  t.match(
    recorded('tap').find(({ state }) => state === 'began'),
    { from: 'high.example' },
  )

  await t.rejects(ask('tap', { kind: 'body' }), { message: 'kind: write message, presence or iq' })
  await t.rejects(ask('tap', { from: '@' }), { message: 'from: is no address' })
  await t.rejects(ask('tap', { seconds: 0 }), { message: 'seconds: write a whole number from 1 to 3600' })
  const none = await command(t, 'tap', '--from', 'eve@high.example', '--seconds', '1')
  t.same(none, { status: 0, out: '' }, 'an address matches as a whole only')
})

t.test('who looks does not slow who sends: what is too fast is left out and counted', async (t) => {
  const items: Members[] = []
  const raw = await open()
  const looked = askEdge(world.config.state, 'tap', { seconds: 3 }, (item) => items.push(item))
  const before = recorded('tap').length
  t.ok(await until(() => recorded('tap').length > before))
  const ping = (id: number) =>
    `<iq from='high.example' to='low.example' id='p${id}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`
  raw.write(Array.from({ length: 2000 }, (_, i) => ping(i)).join(''))
  await looked
  const dropped = items.reduce((sum, { dropped }) => sum + Number(dropped ?? 0), 0)
  t.ok(dropped > 2000, `${dropped} left out`)
  t.ok(items.length <= 200 * 4 + 8)
  raw.socket.destroy()
})

t.test('reload', async (t) => {
  let stays = await open()
  const standing = async () =>
    (await sessions()).filter(({ protocol, direction }) => protocol === 's2s' && direction === 'inbound')
      .length

  await t.test('nothing new', async (t) => {
    t.match(await command(t, 'reload'), {
      status: 0,
      out: 'nothing has changed that a running edge takes over\n',
    })
  })

  await t.test('a broken file changes nothing, and who asked hears why', async (t) => {
    const good = readFileSync(file, 'utf8')
    configure((yaml) => {
      yaml.limits.handshakeSeconds = 'x'
    })
    const before = await standing()
    // The command reads the file for the state folder, so a broken one is told before anybody is asked.
    t.match(await command(t, 'reload'), { status: 1, out: /"x" is not seconds from 1 to 300/ })
    const result = world.edge.reload('SIGHUP')
    t.match(result.problems, [/"x" is not seconds from 1 to 300/])
    writeFileSync(file, good)
    configure((yaml) => {
      yaml.s2s.ca = ['nowhere.crt']
    })
    t.match(await command(t, 'reload'), {
      status: 1,
      out: /nowhere\.crt cannot be read .*\n.*edge\.yaml: nothing was changed, the edge goes on as it is\n$/,
    })
    writeFileSync(file, good)
    t.equal(await standing(), before)
    t.match(
      world.log.map(({ message }) => message).join('\n'),
      /reload refused, the edge goes on as it is: .*nowhere/,
    )
  })

  await t.test('a renewed certificate is shown to who comes next; who is here stays', async (t) => {
    const before = (await sessions()).map(({ id }) => id)
    writeCredentials(
      world.folder,
      's2s',
      await issue(world.ca, { dns: ['low.example', 'conference.low.example'] }),
    )
    t.match(await command(t, 'reload'), { status: 0, out: /^in force now: s2s\.certificates\n$/ })
    t.same(
      (await sessions()).map(({ id }) => id),
      before,
      'every stream stays',
    )
    const fresh = await open()
    fresh.socket.destroy()
  })

  await t.test('a certificate for the guards is renewed without a break', async (t) => {
    const before = (await sessions()).filter(({ protocol }) => protocol === 'gcxp').map(({ id }) => id)
    copyFileSync(join(world.folder, 'guard.crt'), join(world.folder, 'edge2.crt'))
    copyFileSync(join(world.folder, 'guard.key'), join(world.folder, 'edge2.key'))
    configure((yaml) => {
      Object.assign(yaml.gcxp.out, { certificate: 'edge2.crt', key: 'edge2.key' })
    })
    t.match(await command(t, 'reload'), {
      status: 0,
      out: /^in force now: gcxp\.out certificate, key or ca\n$/,
    })
    t.same(
      (await sessions()).filter(({ protocol }) => protocol === 'gcxp').map(({ id }) => id),
      before,
    )
    // The guard of the test expects another name of its producer, so the next connection shows which one is used.
    world.guard.stop()
    await world.guard.start()
    t.ok(await until(() => world.log.some(({ message }) => /GCXP to/.test(message)), 5000))
    configure((yaml) => {
      Object.assign(yaml.gcxp.out, { certificate: 'edge.crt', key: 'edge.key' })
    })
    t.match(await command(t, 'reload'), { status: 0 })
    t.ok(await found((one) => isGuardOut(one) && one.state === 'open'))
  })

  await t.test(
    'so is the one for the guard that connects, and with another CA it must connect anew',
    async (t) => {
      const isGuardIn = ({ protocol, direction }: SessionItem) =>
        protocol === 'gcxp' && direction === 'inbound'
      const before = await found(isGuardIn)
      t.match(before, { state: 'open' })
      configure((yaml) => {
        Object.assign(yaml.gcxp.in, { certificate: 'edge2.crt', key: 'edge2.key' })
      })
      t.match(await command(t, 'reload'), {
        status: 0,
        out: 'in force now: gcxp.in certificate, key or ca\n',
      })
      t.equal((await found(isGuardIn))!.id, before!.id, 'who is here stays')
      const gcxp = await makeCa('GCXP')
      writeFileSync(join(world.folder, 'gcxp-ca-2.crt'), gcxp.certificate)
      configure((yaml) => {
        Object.assign(yaml.gcxp.in, { certificate: 'edge.crt', key: 'edge.key', ca: 'gcxp-ca-2.crt' })
      })
      t.match(await command(t, 'reload'), { status: 0 })
      t.ok(await found((one) => isGuardIn(one) && one.state === 'waiting'), 'it is turned away now')
      t.match((await found(isGuardIn))!.why, /not of the configured CA|the configured CA is another one now/)
      configure((yaml) => {
        Object.assign(yaml.gcxp.in, { ca: 'gcxp-ca.crt' })
      })
      t.match(await command(t, 'reload'), { status: 0 })
      t.ok(await found((one) => isGuardIn(one) && one.state === 'open'))
    },
  )

  await t.test('limits are those of the next stream', async (t) => {
    configure((yaml) => {
      yaml.limits.handshakeSeconds = 1
    })
    t.match(await command(t, 'reload'), { status: 0, out: 'in force now: limits.handshakeSeconds\n' })
    const { connectRaw } = await import('./raw.ts')
    const slow = await connectRaw(world.edge.s2sPort)
    t.match(await slow.end(5000), /<connection-timeout /)
  })

  await t.test('what needs a start is said, and shown apart', async (t) => {
    configure((yaml) => {
      yaml.metrics.listen = '127.0.0.1:1'
      yaml.limits.stanzaSeconds = 7
    })
    t.match(await command(t, 'reload'), {
      status: 0,
      out: 'in force now: limits.stanzaSeconds\nwaits for the next start (systemctl restart sallyport-edge): metrics.listen\n',
    })
    const running = await command(t, 'config', '--running')
    t.match(running.out, /^# Read last; of it these wait for the next start: metrics\.listen\.$/m)
    t.match(running.out, /stanzaSeconds: 7\n(.*\n)*---\n(.*\n)* +stanzaSeconds: 20 # default/)
    configure((yaml) => {
      yaml.metrics.listen = '127.0.0.1:0'
    })
    await command(t, 'reload')
  })

  await t.test('other controls hold for who is here, too', async (t) => {
    const here = await open()
    configure((yaml) => {
      yaml.controls = [{ domain: 'high.example', subtree: true, networks: ['127.0.0.0/8'] }]
    })
    t.match(await command(t, 'reload'), { status: 0, out: 'in force now: controls\n' })
    configure((yaml) => {
      yaml.controls = [{ domain: 'high.example', subtree: true, networks: ['192.0.2.0/24'] }]
    })
    t.match(await command(t, 'reload'), { out: /streams ended that are not allowed any longer: [1-9]/ })
    t.match(await here.end(), /<stream:error><policy-violation /)
    configure((yaml) => {
      delete yaml.controls
    })
    await command(t, 'reload')
    stays = await open()
  })

  await t.test('streams that are not allowed any longer are ended with a stream error', async (t) => {
    const other = await makeCa('Other')
    writeFileSync(join(world.folder, 'other-ca.crt'), other.certificate)
    configure((yaml) => {
      yaml.s2s.ca = ['other-ca.crt']
    })
    const reloaded = await command(t, 'reload')
    t.match(reloaded.out, /in force now: s2s\.ca, s2s\.crls or s2s\.peers; files of CAs and CRLs\n/)
    t.match(reloaded.out, /streams ended that are not allowed any longer: [1-9]/)
    t.match(await stays.end(), /<stream:error><not-authorized /)
    t.equal(await standing(), 0)
    t.ok(await until(() => recorded('reload').some(({ by, ended }) => by === 'control' && Number(ended) > 0)))
    t.match(
      recorded('reload').find(({ refused }) => refused === true),
      { by: 'SIGHUP' },
    )
  })
})

t.test('a server that is not there is shown with the reason and the next try', async (t) => {
  world.release(
    '<message xmlns="jabber:server" from="bob@low.example" id="d" to="alice@high.example"><body>b</body></message>',
    { generation: 1, count: 3 },
  )
  const item = await found(({ state }) => state === 'waiting')
  t.match(item, { direction: 'outbound', own: 'high.example', waiting: 1, why: /not of the configured CA/ })
  t.ok(Date.parse(item!.nextTry!) > Date.now() - 20_000)
  t.match(
    (await command(t, 'sessions')).out,
    /^ {2}127\.0\.0\.1:\d+: .*configured CA.*(; tried again in \d+ s)?$/m,
  )
})

t.test('the configuration is shown with its defaults and without a secret', async (t) => {
  const shown = await command(t, 'config')
  t.equal(shown.status, 0)
  t.match(shown.out, /queueStanzas: 10000 # default/)
  t.match(shown.out, /certificate: s2s\.crt # CN=.*, until 20.*, SPKI sha256 [A-Za-z0-9+/]{43}=/)
  t.match(shown.out, /key: s2s\.key # content not shown/)
  t.notMatch(shown.out, /PRIVATE|BEGIN/)
  t.notMatch((await command(t, 'config', '--running')).out, /PRIVATE|BEGIN/)
})
