/** Clearances at work: an edge between a server and guards, what crosses, what is answered, what the operator is told. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { essLabel } from '../bundles.ts'
import { startWorld, until, type World } from '../world.ts'
import { ACME_TEXT, OTHER_TEXT } from './policies.ts'

const SECRET = 'MQgCAQQGAyoDBA=='
const RESTRICTED = 'MQgCAQIGAyoDBA=='
const SOME = [{ policy: 'ACME', classifications: ['OPEN', 'RESTRICTED'] }]
const ALL = [{ policy: 'ACME', classifications: ['OPEN', 'RESTRICTED', 'SECRET'] }]
const ACCESS = { policy: 'ACME', classification: 'SECRET' }

const POLICY =
  '<error type="modify"><policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></policy-violation><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">This does not cross the boundary.</text></error>'

const configure =
  (cmbac: object) =>
  (folder: string): object => {
    writeFileSync(join(folder, 'acme.spif.xml'), ACME_TEXT)
    writeFileSync(join(folder, 'other.spif.xml'), OTHER_TEXT)
    return { cmbac: { policies: ['acme.spif.xml', 'other.spif.xml'], ...cmbac } }
  }

const said = (marker: string, from: string, to: string, type: string, label: string) =>
  `<message from='${from}' to='${to}' id='${marker}' type='${type}'><body>${marker}</body>${essLabel(label)}</message>`
const released = (marker: string, from: string, to: string, type: string, label: string) =>
  `<message xmlns="jabber:server" from="${from}" id="${marker}" to="${to}" type="${type}"><body>${marker}</body><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>x</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${label}</esssecuritylabel></label></securitylabel></message>`

/** What comes back to the server, until a ping that is sent behind is answered. */
async function back(world: World, from: string, to: string): Promise<string[]> {
  const id = `ping-${world.server.received.length}-${from}`
  const domain = (address: string) => /(?:[^@]*@)?([^/]*)/.exec(address)![1]
  await world.server.send(
    `<iq from='${domain(from)}' to='${domain(to)}' id='${id}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  )
  await world.server.find((xml) => xml.includes(`id="${id}"`), 3000)
  return world.server.received.map(({ xml }) => xml).filter((xml) => !xml.includes('id="ping-'))
}

const ALICE = 'alice@high.example/x'
const CAROL = 'carol@high.example/x'
const ROOM = 'ops@conference.low.example'
const OWN_ROOM = 'ops@conference.high.example'

t.test('out: what is not cleared is answered by kind, and told to the operator only', async (t) => {
  const world = await startWorld({
    configure: configure({
      rooms: [{ room: ROOM, clearance: SOME }],
      peers: [{ domain: 'conference.low.example', exit: ALL }],
      users: { domains: ['high.example', 'low.example'], file: 'users.yaml', default: SOME },
    }),
  }).catch((error: Error) => error)
  t.match(world, { message: /users\.yaml: cannot be read \(ENOENT\)/ }, 'the file is looked for at start')

  const running = await startWorld({
    configure: (folder) => {
      writeFileSync(
        join(folder, 'users.yaml'),
        JSON.stringify({ 'alice@high.example': ALL, 'bob@low.example': ALL, 'dan@low.example': SOME }),
      )
      return configure({
        rooms: [{ room: ROOM, clearance: SOME }],
        users: { domains: ['high.example', 'low.example'], file: 'users.yaml', default: SOME },
      })(folder)
    },
  })
  t.teardown(running.close)
  const send = (marker: string, from: string, to: string, type: string, label = SECRET) =>
    running.server.send(said(marker, from, to, type, label))

  await send('m1', ALICE, 'bob@low.example', 'chat')
  t.ok(await running.guard.find((xml) => xml.includes('m1')), 'both are cleared')
  await send('m2', CAROL, 'bob@low.example', 'chat', RESTRICTED)
  t.ok(await running.guard.find((xml) => xml.includes('m2')), 'the default is enough')

  const error = (id: string, from: string, to: string) =>
    `<message xmlns="jabber:server" from="${from}" id="${id}" to="${to}" type="error">${POLICY}</message>`
  await send('m3', CAROL, 'bob@low.example', 'chat')
  t.same(await back(running, CAROL, ROOM), [error('m3', 'bob@low.example', CAROL)], 'entry-user')
  running.server.received.length = 0
  await send('m4', ALICE, 'dan@low.example/z', 'normal')
  t.same(await back(running, ALICE, ROOM), [error('m4', 'dan@low.example/z', ALICE)], 'exit-user')
  running.server.received.length = 0
  await send('m5', ALICE, ROOM, 'groupchat')
  t.same(await back(running, ALICE, ROOM), [error('m5', ROOM, ALICE)], 'room')
  running.server.received.length = 0
  await send('m6', `${OWN_ROOM}/nick`, 'dan@low.example/z', 'groupchat')
  await send('m7', `${OWN_ROOM}/nick`, 'bob@low.example/z', 'groupchat')
  t.ok(await running.guard.find((xml) => xml.includes('m7')), 'another occupant gets it')
  t.same(await back(running, OWN_ROOM, ROOM), [], 'nobody is thrown out of a room for a clearance')
  await running.server.send(
    `<message from='${CAROL}' to='bob@low.example' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  )
  t.ok(
    await running.guard.find((xml) => xml.includes('<active ')),
    'what needs no label is not asked for one',
  )

  for (const marker of ['m3', 'm4', 'm5', 'm6'])
    t.notOk(
      running.guard.frames.some(({ xml }) => xml.includes(marker)),
      marker,
    )
  const lines = running.log.filter(({ message }) => message === 'kept back by a clearance')
  t.same(
    lines.map(({ fields }) => fields),
    [
      ['cmbac-entry-user', 'carol@high.example'],
      ['cmbac-exit-user', 'dan@low.example'],
      ['cmbac-room', ROOM],
      ['cmbac-exit-user', 'dan@low.example'],
    ].map(([reason, of]) => ({ direction: 'out', reason, of, why: 'class-not-held', detail: 'SECRET' })),
  )
  const metrics = await running.metrics()
  t.match(metrics, /refused_total\{reason="cmbac-exit-user"\} 2/)
  t.match(metrics, /refused_total\{reason="cmbac-room"\} 1/)
  t.match(metrics, /refused_total\{reason="cmbac-server"\} 0/)
})

t.test('in: what is not cleared is not delivered, and answered to where somebody waits', async (t) => {
  const world = await startWorld({
    configure: configure({
      server: { clearance: ALL },
      domains: [{ domain: 'high.example', clearance: ALL }],
      peers: [{ domain: 'conference.low.example', entry: SOME }],
      users: { domains: ['high.example'], default: SOME },
    }),
  })
  t.teardown(world.close)
  const BOB = 'bob@low.example/y'
  world.release(released('i1', BOB, ALICE, 'chat', RESTRICTED))
  t.ok(await world.server.find((xml) => xml.includes('i1'), 3000))
  world.release(released('i2', BOB, ALICE, 'chat', SECRET))
  const error = await world.guard.find((xml) => xml.includes('type="error"'))
  t.equal(
    error?.xml,
    `<message xmlns="jabber:server" from="${ALICE}" id="i2" to="${BOB}" type="error"><error type="modify"><policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></policy-violation></error></message>`,
  )
  world.release(released('i3', `${ROOM}/nick`, ALICE, 'groupchat', SECRET))
  world.release(released('i4', `${ROOM}/nick`, ALICE, 'groupchat', RESTRICTED))
  t.ok(await world.server.find((xml) => xml.includes('i4'), 3000))
  world.release(
    `<message xmlns="jabber:server" from="${BOB}" id="i5" to="${ALICE}" type="chat"><body>i5</body></message>`,
  )
  world.release(
    `<message xmlns="jabber:server" from="${BOB}" id="i6" to="${ALICE}" type="chat"><active xmlns="http://jabber.org/protocol/chatstates"></active></message>`,
  )
  t.ok(await world.server.find((xml) => xml.includes('i6'), 3000), 'a chat state needs no label')
  const came = world.server.received.map(({ xml }) => xml)
  for (const marker of ['i2', 'i3', 'i5'])
    t.notOk(
      came.some((xml) => xml.includes(marker)),
      marker,
    )
  t.ok(await until(() => world.answers.length === 6))
  t.ok(
    world.answers.every(({ accepted }) => accepted),
    'the guard has done nothing wrong',
  )
  t.same(
    world.log
      .filter(({ message }) => message === 'kept back by a clearance')
      .map(({ fields }) => [fields.direction, fields.reason, fields.of, fields.why]),
    [
      ['in', 'cmbac-exit-user', 'alice@high.example', 'class-not-held'],
      ['in', 'cmbac-entry-peer', 'conference.low.example', 'class-not-held'],
      ['in', 'cmbac-server', 'server', 'no-label'],
    ],
  )
  t.match(await world.metrics(), /incoming_total\{outcome="cmbac-entry-peer"\} 1/)
  t.equal(world.guard.frames.filter(({ xml }) => xml.includes('i3')).length, 0, 'a room hears nothing')
})

t.test('joining and writing, where a label says who may', async (t) => {
  const world = await startWorld({
    configure: (folder) => {
      const users = { 'alice@high.example': ALL, 'bob@low.example': ALL }
      writeFileSync(join(folder, 'users.yaml'), JSON.stringify(users))
      return configure({
        domains: [{ domain: 'low.example', accessLabel: ACCESS }],
        rooms: [ROOM, OWN_ROOM].map((room) => ({ room, accessLabel: ACCESS })),
        users: { domains: ['high.example', 'low.example'], file: 'users.yaml', default: SOME },
      })(folder)
    },
  })
  t.teardown(world.close)
  const x = `<x xmlns='http://jabber.org/protocol/muc'/>`
  await world.server.send(`<presence from='${CAROL}' to='${ROOM}/Carol' id='j1'>${x}</presence>`)
  t.same(await back(world, CAROL, ROOM), [
    `<presence xmlns="jabber:server" from="${ROOM}/Carol" id="j1" to="${CAROL}" type="error">${POLICY}</presence>`,
  ])
  world.server.received.length = 0
  await world.server.send(`<presence from='${CAROL}' to='${ROOM}/Carol' id='j2'/>`)
  await world.server.send(`<presence from='${CAROL}' to='${ROOM}/Carol' id='j3' type='unavailable'/>`)
  await world.server.send(said('j4', CAROL, 'bob@low.example', 'chat', RESTRICTED))
  t.match(
    await back(world, CAROL, 'bob@low.example'),
    [/id="j4".*type="error"/],
    'joining without its sign is no way in',
  )
  await world.server.send(`<presence from='${ALICE}' to='${ROOM}/Alice' id='j5'>${x}</presence>`)
  await world.server.send(said('j6', ALICE, 'bob@low.example', 'chat', RESTRICTED))
  t.ok(await world.guard.find((xml) => xml.includes('j6')))
  t.same(
    world.guard.frames.map(({ xml }) => /id="(j\d)"/.exec(xml)?.[1]),
    ['j3', 'j5', 'j6'],
  )

  const joins = (id: string, who: string) =>
    `<presence xmlns="jabber:server" from="${who}" id="${id}" to="${OWN_ROOM}/${id}"><x xmlns="http://jabber.org/protocol/muc"></x></presence>`
  world.release(joins('k1', 'dan@low.example/y'))
  const error = await world.guard.find((xml) => xml.includes('id="k1"'))
  t.match(
    error?.xml,
    /^<presence .*to="dan@low\.example\/y" type="error"><error type="modify"><policy-violation /,
  )
  world.release(joins('k2', 'bob@low.example/y'))
  t.ok(await world.server.find((xml) => xml.includes('id="k2"'), 3000))
  t.notOk(world.server.received.some(({ xml }) => xml.includes('id="k1"')))
  t.match(
    world.log.filter(({ message }) => message === 'kept back by a clearance').map(({ fields }) => fields),
    [
      { reason: 'cmbac-access-room', of: ROOM, why: 'class-not-held', detail: 'SECRET' },
      { reason: 'cmbac-access-room', of: ROOM },
      { reason: 'cmbac-access-domain', of: 'low.example' },
      { direction: 'in', reason: 'cmbac-access-room', of: OWN_ROOM },
    ],
  )
})

t.test('a catalog offers what passes every check, and the default label of the room', async (t) => {
  const world = await startWorld({
    configure: (folder) => {
      writeFileSync(join(folder, 'users.yaml'), JSON.stringify({ 'alice@high.example': ALL }))
      return configure({
        domains: [{ domain: 'low.example', clearance: SOME }],
        rooms: [{ room: ROOM, defaultLabel: ACCESS }],
        users: { domains: ['high.example'], file: 'users.yaml', default: SOME },
      })(folder)
    },
  })
  t.teardown(world.close)
  const offered = async (who: string, to: string, id: string) => {
    await world.server.send(
      `<iq from='${who}' to='low.example' id='${id}' type='get'><catalog xmlns='urn:xmpp:sec-label:catalog:2' to='${to}'/></iq>`,
    )
    const answer = await world.server.find((xml) => xml.includes(`id="${id}"`), 3000)
    return [...(answer?.xml.matchAll(/<item ([^>]*)>.*?>([^<]*)<\/displaymarking>/g) ?? [])].map(
      ([, attributes, marking]) => `${marking}${/default="true"/.test(attributes!) ? ', default' : ''}`,
    )
  }
  t.same(await offered(ALICE, ROOM, 'c1'), ['ACME RESTRICTED', 'ACME SECRET, default'])
  t.same(await offered(CAROL, ROOM, 'c2'), ['ACME RESTRICTED'], 'never what one may not send')
  t.same(await offered(ALICE, 'bob@low.example', 'c3'), ['ACME RESTRICTED'])
})

t.test('a directory that is away: nobody is cleared, both ways, and senders are told to wait', async (t) => {
  const world = await startWorld({
    configure: (folder) => {
      writeFileSync(join(folder, 'password'), 'secret', { mode: 0o600 })
      const ldap = {
        servers: ['ldaps://localhost:1', 'ldap://localhost:1'],
        ca: ['high-ca.crt'],
        bindDn: 'cn=edge',
        passwordFile: 'password',
        base: 'dc=high',
        filter: '(mail={jid})',
      }
      return configure({ users: { domains: ['high.example'], default: ALL, ldap } })(folder)
    },
  })
  t.teardown(world.close)
  await world.server.send(said('w1', ALICE, 'bob@low.example', 'chat', RESTRICTED))
  const wait = '<error type="wait"><resource-constraint xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">'
  const answer = await world.server.find((xml) => xml.includes('id="w1"'), 3000)
  t.ok(answer?.xml.includes(wait), 'out')
  await world.server.send(said('w2', `${OWN_ROOM}/nick`, 'bob@low.example', 'groupchat', RESTRICTED))
  t.ok(await world.guard.find((xml) => xml.includes('w2')), 'a room needs no clearance of a user')
  world.release(released('w3', 'bob@low.example/y', ALICE, 'chat', RESTRICTED))
  const error = await world.guard.find((xml) => xml.includes('id="w3"'))
  t.ok(error?.xml.includes(wait), 'in')
  const page = await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)
  t.match(
    await page.text(),
    /directory of clearances: localhost:1 nobody listens there.*; localhost:1 nobody/,
  )
  t.match(
    world.log.filter(({ message }) => message === 'kept back by a clearance').map(({ fields }) => fields),
    [
      {
        direction: 'out',
        reason: 'clearance-unavailable',
        of: 'alice@high.example',
        detail: 'cmbac-entry-user',
      },
      {
        direction: 'in',
        reason: 'clearance-unavailable',
        of: 'alice@high.example',
        detail: 'cmbac-exit-user',
      },
    ],
  )
})

/** The policies lie there, and nothing asks for them yet. */
function withoutKey(folder: string): object {
  configure({})(folder)
  return {}
}

t.test('other clearances from now on, without the end of a stream', async (t) => {
  const world = await startWorld({ configure: withoutKey })
  t.teardown(world.close)
  const file = join(world.folder, 'edge.yaml')
  const yaml = JSON.parse(readFileSync(file, 'utf8'))
  const reload = (cmbac: object | undefined) => {
    writeFileSync(file, JSON.stringify({ ...yaml, cmbac }))
    return world.edge.reload('SIGHUP')
  }
  const send = (marker: string) => world.server.send(said(marker, ALICE, 'bob@low.example', 'chat', SECRET))
  await send('o1')
  t.ok(await world.guard.find((xml) => xml.includes('o1')), 'nothing is configured')
  const some = { policies: ['acme.spif.xml'], server: { clearance: SOME } }
  t.match(reload(some), { problems: [], changed: ['cmbac'], waiting: [], ended: 0 })
  await send('o2')
  t.match((await world.server.find((xml) => xml.includes('id="o2"'), 3000))?.xml, /<policy-violation /)
  t.match(reload(some), { changed: [] }, 'the same again')
  t.match(reload({ policies: ['none'] }), { problems: [/none cannot be read/] })
  await send('o3')
  t.ok(await world.server.find((xml) => xml.includes('id="o3"'), 3000), 'a wrong one changes nothing')
  t.match(reload(undefined), { problems: [], changed: ['cmbac'] })
  await send('o4')
  t.ok(await world.guard.find((xml) => xml.includes('o4')))
  t.notOk(world.guard.frames.some(({ xml }) => /o[23]/.test(/id="(o\d)"/.exec(xml)?.[1] ?? '')))
})
