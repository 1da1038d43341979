/** The filter of a user: no address can be taken for a part of it. */
import t from 'tap'
import { readUserFilter, type UserFilter } from '../../../edge/cmbac/ldap/filter.ts'
import { type Jid, parseJid } from '../../../rules/address/jid.ts'
import { readDer, type Tlv } from '../../../rules/label/der.ts'

const usable = (template: string): UserFilter => {
  const read = readUserFilter(template)
  if ('problem' in read) throw new Error(read.problem)
  return read
}

/** What a server reads: `&`, `|`, `!`, a pair of attribute and value, or an attribute that is to be there. */
type Shape = string | readonly [string, ...Shape[]]

function shape({ tag, members, content }: Tlv): Shape {
  const said = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString()
  if (tag === 0x87) return said(content)
  if (tag === 0xa3) return ['=', said(members[0]?.content), said(members[1]?.content)]
  const sign = new Map([
    [0xa0, '&'],
    [0xa1, '|'],
    [0xa2, '!'],
  ]).get(tag)
  return [sign ?? `unknown ${tag}`, ...members.map(shape)]
}

function made(template: string, user: Jid): Shape {
  const tlv = readDer(usable(template).of(user), 'der')
  return 'problem' in tlv ? tlv.problem : shape(tlv)
}

t.test('parts of an address stand where they are asked for', (t) => {
  const alice = parseJid('alice@high.example/phone')!
  t.same(made('(mail={jid})', alice), ['=', 'mail', 'alice@high.example'])
  t.same(
    made(
      '(&(objectClass=person)(|(uid={local})(krb=xmpp/{local}@{domain}))(!(disabled=yes))(mail=*))',
      alice,
    ),
    [
      '&',
      ['=', 'objectClass', 'person'],
      ['|', ['=', 'uid', 'alice'], ['=', 'krb', 'xmpp/alice@high.example']],
      ['!', ['=', 'disabled', 'yes']],
      'mail',
    ],
  )
  t.same(made('(&(2.5.4.3={local})(b=\\28\\5c\\2a\\00 ä\\29))', alice), [
    '&',
    ['=', '2.5.4.3', 'alice'],
    ['=', 'b', '(\\*\0 ä)'],
  ])
  t.same([...usable('(&(a={local})(b={domain}))').tells], ['{local}', '{domain}'])
  t.end()
})

t.test('hostile addresses are values, whatever they hold', (t) => {
  // Some of these are no addresses at all; the filter does not rely on it.
  for (const local of [
    '*',
    'a)(uid=*',
    'a*)(|(uid=*',
    '\\2a',
    '{domain}',
    '{jid}',
    'a\\00b',
    'a\0b',
    '=',
    '!(a=b)',
    'ä𝄞',
    '$&',
    'a'.repeat(1023),
  ]) {
    const user = { text: `${local}@high.example/x`, local, domain: 'high.example', resource: 'x' }
    t.same(made('(&(objectClass=person)(mail={jid}))', user), [
      '&',
      ['=', 'objectClass', 'person'],
      ['=', 'mail', `${local}@high.example`],
    ])
  }
  t.end()
})

t.test('templates that are none, or ask for nobody', (t) => {
  const cases: [string, RegExp][] = [
    ['', /not a filter in brackets/],
    ['mail={jid}', /not a filter in brackets/],
    ['(mail={jid}', /compares nothing/],
    ['(mail={jid}))', /goes on behind its last bracket/],
    ['(mail={jid})(uid={local})', /goes on behind its last bracket/],
    ['(&(mail={jid})', /does not end/],
    ['(&)', /does not end, or holds the wrong number/],
    ['(!(a=b)(mail={jid}))', /wrong number/],
    ['(mail=*{jid}*)', /only whole values are compared/],
    ['(mail=)', /only whole values are compared/],
    ['(mail>={jid})', /compares nothing/],
    ['(mail:caseExactMatch:={jid})', /compares nothing/],
    ['({jid}=mail)', /compares nothing/],
    ['(mail=\\2{jid})', /two hexadecimal digits/],
    ['(mail=\\ff{jid})', /two hexadecimal digits/],
    ['(mail={user})', /has \{user\}; known are \{jid\}, \{local\}, \{domain\}/],
    ['(mail=alice)', /asks for nobody/],
    ['(mail=*)', /asks for nobody/],
    ['(associatedDomain={domain})', /asks for nobody/],
    [`${'(!'.repeat(50)}(mail={jid})${')'.repeat(50)}`, /not a filter/],
  ]
  for (const [template, wanted] of cases) {
    const read = readUserFilter(template)
    t.match('problem' in read ? read.problem : 'usable', wanted, template)
  }
  t.end()
})
