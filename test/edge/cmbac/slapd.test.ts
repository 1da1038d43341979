/** Clearances out of a real OpenLDAP: every form, hostile values and addresses, and a directory that goes away and comes back. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createDirectory, type DirectoryOptions } from '../../../edge/cmbac/ldap/directory.ts'
import { readClearances } from '../../../edge/cmbac/value.ts'
import { type Jid, normaliseJid } from '../../../rules/address/jid.ts'
import { type Clearance, clearance4774Of, x501Of } from '../../../rules/clearance/clearance.ts'
import { write4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import { encodeX501, type X501Clearance } from '../../../rules/clearance/x501.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { makeCa } from '../../pki/pki.ts'
import { essLabel } from '../bundles.ts'
import { startWorld, until } from '../world.ts'
import { ACME, ACME_TEXT, clearance, OTHER } from './policies.ts'
import { BASE, EDGE_DN, makeSlapd, PASSWORD, slapdMissing } from './slapd.ts'

const xml = (one: Clearance, spif = ACME) => serialise(write4774Clearance(clearance4774Of(spif, one)))
const ber = (one: Clearance, spif = ACME) => Buffer.from(encodeX501(x501Of(spif, one) as X501Clearance))
const ALL = clearance(ACME, ['OPEN', 'RESTRICTED', 'SECRET'])
const SOME = clearance(ACME, ['OPEN', 'RESTRICTED'])
const OTHERS = clearance(OTHER, ['OPEN'])

/** Values in base64, as LDIF has what may hold anything. */
function person(
  uid: string,
  mail: string,
  values: readonly (readonly [string, string | Buffer])[] = [],
): string {
  const b64 = (value: string | Buffer) => Buffer.from(value as string).toString('base64')
  return [
    `dn: uid=${uid},ou=people,${BASE}`,
    ...['inetOrgPerson', 'cleared'].map((name) => `objectClass: ${name}`),
    `uid: ${uid}`,
    'cn: x',
    'sn: x',
    `mail:: ${b64(mail)}`,
    ...values.map(([name, value]) => `${name}:: ${b64(value)}`),
    '',
    '',
  ].join('\n')
}

const NAME = 'confidentialityClearance'
const PEOPLE = [
  person('alice', 'alice@high.example', [[NAME, xml(ALL)]]),
  person('base64', 'base64@high.example', [[NAME, ber(ALL).toString('base64')]]),
  person('url', 'url@high.example', [[NAME, Buffer.from(xml(ALL)).toString('base64url')]]),
  person('several', 'several@high.example', [
    [NAME, xml(SOME)],
    [NAME, ber(OTHERS, OTHER).toString('base64')],
    [NAME, 'nonsense'],
  ]),
  person('none', 'none@high.example'),
  person('broken', 'broken@high.example', [[NAME, '<ConfidentialityClearance>']]),
  person('nato', 'nato@high.example', [
    [NAME, xml(ALL).replace('>ACME<', '>NATO<').replace('1.2.3.4"', '1.9.9"')],
  ]),
  person('long', 'long@high.example', [[NAME, 'A'.repeat(70_000)]]),
  person('raw', 'raw@high.example', [['berClearance', ber(ALL)]]),
  person('twin1', 'twin@high.example', [[NAME, xml(ALL)]]),
  person('twin2', 'twin@high.example', [[NAME, xml(SOME)]]),
  person('star', 'a*b@high.example', [[NAME, xml(SOME)]]),
  person('admin', 'admin@high.example', [[NAME, xml(ALL)]]),
].join('')

const jid = (text: string): Jid => normaliseJid(text)!

if (slapdMissing !== undefined) t.pass(`skipped: ${slapdMissing}`)
else {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-slapd-'))
  const ca = await makeCa('Directory')
  const slapd = await makeSlapd(folder, ca, PEOPLE)
  await slapd.start()
  t.teardown(async () => {
    await slapd.stop()
    rmSync(folder, { recursive: true })
  })

  const states: (string | undefined)[] = []
  const open = (more: Partial<DirectoryOptions> = {}) =>
    createDirectory({
      servers: [{ host: 'localhost', port: slapd.ldaps, tls: 'direct' }],
      ca: [ca.certificate],
      bindDn: EDGE_DN,
      password: PASSWORD,
      base: `ou=people,${BASE}`,
      filter: '(&(objectClass=person)(mail={jid}))',
      attribute: NAME,
      timeoutMs: 2000,
      againMs: 100,
      now: () => performance.now(),
      onState: (problem) => void states.push(problem),
      ...more,
    })

  t.test('each form of a clearance, and what grants nothing', async (t) => {
    const directory = open()
    const raw = open({ attribute: 'berClearance' })
    t.teardown(() => {
      directory.close()
      raw.close()
    })
    const held = async (user: string, asked = directory) => {
      const found = await asked.find(jid(`${user}@high.example/desk`))
      if ('problem' in found) return found.problem
      const read = found.values.map((value) => readClearances(value, [ACME, OTHER]))
      return read
        .flatMap(({ clearances }) => clearances)
        .map(
          ({ policy, classifications }) =>
            `${policy.name} ${classifications.map(({ name }) => name).join(' ')}`,
        )
        .sort()
    }
    const all = ['ACME OPEN RESTRICTED SECRET']
    t.same(await held('alice'), all)
    t.same(await held('base64'), all)
    t.same(await held('url'), all)
    t.same(await held('several'), ['ACME OPEN RESTRICTED', 'OTHER OPEN'], 'several values, one of no use')
    t.same(await held('raw', raw), all, 'BER as it is')
    for (const user of ['none', 'nobody', 'broken', 'nato', 'long']) t.same(await held(user), [], user)
    t.match(await held('twin'), /more than one entry/)
    t.same(
      states.filter((state) => state !== undefined),
      [],
    )
  })

  t.test('addresses that would be filters, had they been written into one', async (t) => {
    const directory = open()
    t.teardown(directory.close)
    const values = async (local: string) => {
      const found = await directory.find({
        text: `${local}@high.example`,
        local,
        domain: 'high.example',
        resource: '',
      })
      return 'problem' in found ? found.problem : found.values.length
    }
    t.equal(await values('a*b'), 1, 'a star is a star')
    for (const local of [
      '*',
      'adm*',
      'admin)(uid=*',
      'x)(|(mail=*',
      'admin\\00',
      '\\61dmin',
      'admin\0',
      '(',
      ')',
    ])
      t.equal(await values(local), 0, JSON.stringify(local))
  })

  t.test('StartTLS, fail-over, and who is turned away', async (t) => {
    const dead = { host: 'localhost', port: 1, tls: 'direct' } as const
    const starttls = { host: 'localhost', port: slapd.ldap, tls: 'starttls' } as const
    const second = open({ servers: [dead, starttls] })
    t.match(await second.find(jid('alice@high.example')), { values: { length: 1 } })
    second.close()
    const wrong: [Partial<DirectoryOptions>, RegExp][] = [
      [{ password: 'wrong' }, /localhost:\d+ refuses the bind \(code 49\): correct bindDn, the password/],
      [{ bindDn: 'nonsense' }, /refuses the bind \(code \d+\)/],
      [{ base: 'ou=nowhere,dc=high' }, /refuses the search \(code 32\): correct base/],
      [{ ca: [(await makeCa('Other')).certificate] }, /not by TLS with a certificate of the given CA/],
      [{ servers: [{ ...starttls, host: '127.0.0.1' }] }, /its certificate is for another name/],
      [{ servers: [{ ...starttls, tls: 'direct' }] }, /cannot be reached|not answer/],
      [{ servers: [dead] }, /localhost:1 nobody listens there/],
    ]
    for (const [more, wanted] of wrong) {
      const directory = open(more)
      await t.rejects(directory.find(jid('alice@high.example')))
      t.match(states.at(-1), wanted)
      t.notMatch(states.at(-1), /päss|wrong/)
      directory.close()
    }
  })

  t.test(
    'at an edge: the order stays, what is kept counts while the directory is away, then nobody is cleared',
    async (t) => {
      const world = await startWorld({
        configure: (folder) => {
          writeFileSync(join(folder, 'acme.spif.xml'), ACME_TEXT)
          writeFileSync(join(folder, 'ldap-ca.crt'), ca.certificate)
          writeFileSync(join(folder, 'ldap.password'), `${PASSWORD}\n`)
          chmodSync(join(folder, 'ldap.password'), 0o600)
          const ldap = {
            servers: [`ldaps://localhost:${slapd.ldaps}`, `ldap://localhost:${slapd.ldap}`],
            ca: ['ldap-ca.crt'],
            bindDn: EDGE_DN,
            passwordFile: 'ldap.password',
            base: BASE,
            filter: '(mail={jid})',
            timeoutSeconds: 5,
            cacheSeconds: 6,
          }
          const none = [{ classifications: ['OPEN'] }]
          return {
            cmbac: { policies: ['acme.spif.xml'], users: { domains: ['high.example'], ldap, default: none } },
          }
        },
      })
      t.teardown(world.close)
      const say = (marker: string, user: string, more = '') =>
        `<message from='${user}@high.example/x' to='bob@low.example' id='${marker}' type='chat'><body>${marker}</body>${more || essLabel()}</message>`
      const active = `<active xmlns='http://jabber.org/protocol/chatstates'/>`

      // Nobody is known yet: whoever comes behind one that is asked for stays behind it.
      slapd.freeze()
      const burst = ['alice', 'base64', 'alice', 'none', 'url'].map((user, i) => say(`n${i}`, user))
      burst.push(
        `<message from='zoe@low.example' to='x@low.example'/>`
          .replace('zoe@low', 'zoe@high')
          .replace('/>', ` type='chat'>${active}</message>`),
      )
      for (const stanza of burst) await world.server.send(stanza)
      slapd.thaw()
      t.ok(await world.guard.find((text) => text.includes('<active ')))
      t.same(
        world.guard.frames.map(({ xml }) => /id="(n\d)"/.exec(xml)?.[1]),
        ['n0', 'n1', 'n2', 'n4', undefined],
        'n3 has the default, which is not enough',
      )
      t.match((await world.server.find((text) => text.includes('id="n3"'), 3000))?.xml, /<policy-violation /)

      // The same for what comes in.
      const released = (id: string, to: string, label = 'MQgCAQQGAyoDBA==') =>
        `<message xmlns="jabber:server" from="bob@low.example/y" id="${id}" to="${to}@high.example" type="chat"><body>${id}</body><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>x</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${label}</esssecuritylabel></label></securitylabel></message>`
      for (const [i, to] of ['admin', 'several', 'alice', 'admin'].entries())
        world.release(released(`r${i}`, to))
      t.ok(await world.server.find((text) => text.includes('r3'), 3000))
      t.same(
        world.server.received.map(({ xml }) => /<body>(r\d)/.exec(xml)?.[1]).filter((id) => id !== undefined),
        ['r0', 'r2', 'r3'],
      )
      t.ok(await until(() => world.answers.length === 4))

      slapd.modify(`dn: uid=base64,ou=people,${BASE}\nchangetype: modify\ndelete: ${NAME}\n`)
      await world.server.send(say('p0', 'alice'))
      t.ok(await world.guard.find((text) => text.includes('id="p0"')))
      await slapd.stop()
      await world.server.send(say('p1', 'alice'))
      t.ok(await world.guard.find((text) => text.includes('id="p1"')), 'what is kept counts on')
      const page = async () => (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).text()
      let sent = 0
      const bounced = () =>
        world.server.received.find(({ xml }) => /id="q\d+".*<resource-constraint /.test(xml))?.xml
      // Until the time of what is kept is over.
      while (bounced() === undefined && sent < 150) {
        await world.server.send(say(`q${sent++}`, 'alice'))
        await until(() => bounced() !== undefined, 100)
      }
      t.match(
        bounced(),
        /<error type="wait"><resource-constraint /,
        'then nobody is cleared, and told to try again',
      )
      t.match(await page(), /directory of clearances: localhost:\d+ nobody listens there/)
      t.match(await world.metrics(), /refused_total\{reason="clearance-unavailable"\} [1-9]/)
      t.ok(
        world.log.some(
          ({ fields }) => fields['why'] === 'unavailable' && fields['of'] === 'alice@high.example',
        ),
      )

      await slapd.start()
      let crossed = false
      for (let i = 0; i < 100 && !crossed; i++) {
        await world.server.send(say(`s${i}`, 'alice'))
        crossed = (await world.guard.find((text) => /id="s\d/.test(text), 100)) !== undefined
      }
      t.ok(crossed, 'it is found again by itself')
      t.notMatch(await page(), /directory of clearances/)
      await world.server.send(say('u0', 'base64'))
      t.match(
        (await world.server.find((text) => text.includes('id="u0"'), 3000))?.xml,
        /<policy-violation /,
        'what was taken away there is taken away here',
      )
    },
  )
}
