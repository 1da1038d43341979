/** Label formats at work: an edge between servers that speak a form each, or none, and guards that know another. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Bundle } from '../../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../../rules/bundle/load.ts'
import { essLabel, testBundle } from '../bundles.ts'
import { startWorld, until, type World } from '../world.ts'
import { ACME_TEXT, CWIX_TEXT } from './policies.ts'

const ALICE = 'alice@high.example/x'
const BOB = 'bob@low.example/y'
const ROOM = 'ops@conference.high.example'
const POLICIES = { policies: ['acme.spif.xml', 'cwix.spif.xml'] }

/** Default labels of an own domain of rooms and of an own peer, by the rows of bundles.ts. */
const DEFAULTS: Bundle['edge']['defaultLabels'] = [
  { from: 'conference.high.example', row: 0 },
  { from: 'old.high@high.example', row: 1 },
]

const configure =
  (more: object) =>
  (folder: string): object => {
    writeFileSync(join(folder, 'acme.spif.xml'), ACME_TEXT)
    writeFileSync(join(folder, 'cwix.spif.xml'), CWIX_TEXT)
    const bundle = testBundle('high', 'low')
    const out = bundleOctets({ ...bundle, edge: { ...bundle.edge, defaultLabels: DEFAULTS } })
    const into = bundleOctets(testBundle('low', 'high'))
    writeFileSync(join(folder, 'labelled-out.json'), out)
    writeFileSync(join(folder, 'labelled-in.json'), into)
    const bundles = {
      out: { file: 'labelled-out.json', digest: bundleDigest(out) },
      in: { file: 'labelled-in.json', digest: bundleDigest(into) },
    }
    return { bundles, ...more }
  }

const NATO = (classification: string) =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>x</displaymarking><label><originatorConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" ReviewDateTime="2034-04-18T09:26:56Z"><ConfidentialityInformation><PolicyIdentifier URI="urn:oid:1.3.6.1.4.1.31778.102.25">CWIX25</PolicyIdentifier><Classification>${classification}</Classification></ConfidentialityInformation><CreationDateTime>2026-04-18T09:27:52Z</CreationDateTime></originatorConfidentialityLabel></label></securitylabel>`
const released = (id: string, to: string, label: string, type = 'chat', from = BOB) =>
  `<message xmlns="jabber:server" from="${from}" id="${id}" to="${to}" type="${type}"><body>hello</body>${label}</message>`

async function came(world: World, id: string): Promise<string | undefined> {
  return (await world.server.find((xml) => xml.includes(`id="${id}"`), 5000))?.xml
}

async function crossed(world: World, id: string): Promise<string | undefined> {
  return (await world.guard.find((xml) => xml.includes(`id="${id}"`), 5000))?.xml
}

function records(world: World): Record<string, unknown>[] {
  const folder = join(world.folder, 'state/records')
  return readdirSync(folder)
    .filter((name) => name.startsWith('journal-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const FORMATS = [
  { domain: 'high.example', format: 'ess-0258' },
  { domain: 'conference.high.example', format: 'first-line' },
]

t.test('to a server in the form that it speaks, or with its marking; never without', async (t) => {
  const world = await startWorld({ configure: configure({ cmbac: POLICIES, labels: FORMATS }) })
  t.teardown(world.close)
  world.release(released('a1', ALICE, NATO('SECRET')))
  t.match(
    await came(world, 'a1'),
    /<body>hello<\/body><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking bgcolor="#ffffff" fgcolor="#000000">CWIX25 SECRET<\/displaymarking><label><esssecuritylabel/,
  )
  const ess = essLabel()
    .replaceAll("'", '"')
    .replace(/<displaymarking.*<\/displaymarking>/, '<displaymarking>ACME OPEN</displaymarking>')
  world.release(released('a2', ROOM, ess, 'groupchat'))
  t.match(await came(world, 'a2'), /><body>ACME SECRET\nhello<\/body><\/message>$/)
  world.release(released('a3', ALICE, NATO('CONFIDENTIAL')))
  t.match(
    await crossed(world, 'a3'),
    /type="error"><error type="modify"><policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"><\/policy-violation><\/error>/,
  )
  world.release(released('a4', ALICE, NATO('SECRET')))
  t.ok(await came(world, 'a4'))
  t.notOk(world.server.received.some(({ xml }) => xml.includes('id="a3"')))
  t.ok(await until(() => world.answers.length === 4))
  t.match(await world.metrics(), /incoming_total\{outcome="label-unheld"\} 1/)
  t.ok(
    await until(() =>
      records(world).some(({ type, outcome }) => type === 'dropped' && outcome === 'label-unheld'),
    ),
  )
})

t.test('from a server, in its form: as the bundle lists it; and so the catalog', async (t) => {
  const world = await startWorld({ configure: configure({ cmbac: POLICIES, labels: FORMATS }) })
  t.teardown(world.close)
  await world.server.send(
    `<iq from='${ALICE}' to='low.example' id='c1' type='get'><catalog xmlns='urn:xmpp:sec-label:catalog:2'/></iq>`,
  )
  const catalog = (await came(world, 'c1')) ?? ''
  const items = [...catalog.matchAll(/<item [^>]*>(<securitylabel .*?<\/securitylabel>)<\/item>/g)].map(
    (m) => m[1]!,
  )
  t.equal(items.length, 6)
  t.notMatch(catalog, /confidentialitymetadatalabel/)
  for (const [i, item] of items.entries()) {
    const id = `b${i}`
    await world.server.send(
      `<message from='${ALICE}' to='bob@low.example' id='${id}' type='chat'><body>hello</body>${item}</message>`,
    )
    t.match(await crossed(world, id), i < 2 ? /<esssecuritylabel/ : /<Classification>(UN|RE|SE)/, item)
  }
  await world.server.send(
    `<iq from='${ROOM}' to='low.example' id='c2' type='get'><catalog xmlns='urn:xmpp:sec-label:catalog:2'/></iq>`,
  )
  t.notMatch(await came(world, 'c2'), /<item/)
  t.match(await world.metrics(), /stripped_total\{name="label-form"\} 4/)
})

t.test('default labels of a peer and of rooms, and first lines against them', async (t) => {
  const world = await startWorld({
    configure: configure({ cmbac: POLICIES, labels: FORMATS, unasked: 'pass' }),
  })
  t.teardown(world.close)
  const say = (id: string, from: string, body: string, type: string) =>
    world.server.send(
      `<message from='${from}' to='bob@low.example/y' id='${id}' type='${type}'><body>${body}</body></message>`,
    )
  await say('d1', `${ROOM}/nick`, 'ACME RESTRICTED\nhello', 'groupchat')
  t.match(await crossed(world, 'd1'), /<body>hello<\/body><securitylabel .*MQgCAQIGAyoDBA==/)
  await say('d2', `${ROOM}/nick`, 'ACME SECRET\nhello', 'groupchat')
  await say('d3', `${ROOM}/nick`, 'hello', 'groupchat')
  t.match(await crossed(world, 'd3'), /<body>hello<\/body><securitylabel .*MQgCAQIGAyoDBA==/)
  await say('d4', `${ROOM}/nick`, 'ACME SECRET\nhello', 'chat')
  t.match(await came(world, 'd4'), /type="error"><error type="modify"><policy-violation/)
  await say('d5', 'old.high@high.example/z', 'hello', 'chat')
  t.match(await crossed(world, 'd5'), /<body>hello<\/body><securitylabel .*MQgCAQQGAyoDBA==/)
  t.notOk(world.guard.frames.some(({ xml }) => /id="d[24]"/.test(xml)))
  const metrics = await world.metrics()
  t.match(metrics, /refused_total\{reason="first-line-differs"\} 2/)
  t.match(metrics, /stripped_total\{name="first-line"\} 1/)
  t.match(metrics, /stripped_total\{name="default-label"\} 3/)
  const stripped = () =>
    records(world)
      .filter(({ type }) => type === 'stripped')
      .map(({ names }) => names as string[])
  t.ok(await until(() => stripped().length === 3))
  t.same(stripped(), [['first-line', 'default-label'], ['default-label'], ['default-label']])
  const refusals = records(world).filter(({ reason }) => reason === 'first-line-differs')
  t.same(
    refusals.map(({ told }) => told),
    [false, true],
  )
})

t.test('without configuration nothing is changed; a reload changes it', async (t) => {
  const world = await startWorld({ configure: configure({ cmbac: POLICIES }) })
  t.teardown(world.close)
  world.release(released('e1', ALICE, NATO('SECRET')))
  t.equal(await came(world, 'e1'), released('e1', ALICE, NATO('SECRET')))
  world.release(released('e2', ALICE, NATO('CONFIDENTIAL')))
  t.equal(await came(world, 'e2'), released('e2', ALICE, NATO('CONFIDENTIAL')))
  const file = join(world.folder, 'edge.yaml')
  const yaml = JSON.parse(readFileSync(file, 'utf8'))
  const reload = (labels: object[] | undefined) => {
    writeFileSync(file, JSON.stringify({ ...yaml, labels }))
    return world.edge.reload('SIGHUP')
  }
  for (const [format, like] of [
    ['4774-4778', /<BindingData .*2034-04-18T09:26:56Z.*>2026-04-18T09:27:52Z</],
    ['ess-0258', /<esssecuritylabel/],
    ['first-line', /<body>CWIX25 SECRET\nhello</],
  ] as const) {
    t.match(reload([{ domain: 'high.example', format }]), {
      problems: [],
      changed: ['labels'],
      waiting: [],
      ended: 0,
    })
    world.release(released(`e-${format}`, ALICE, NATO('SECRET')))
    t.match(await came(world, `e-${format}`), like)
  }
  t.match(reload([{ domain: 'low.example', format: 'ess-0258' }]), {
    problems: [/low\.example is not an own domain/],
  })
  t.match(reload(undefined), { changed: ['labels'] })
  world.release(released('e3', ALICE, NATO('SECRET')))
  t.equal(await came(world, 'e3'), released('e3', ALICE, NATO('SECRET')))
})
