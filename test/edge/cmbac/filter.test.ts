/** The filter of a user: no address can be taken for a part of it. */
import { FilterParser } from 'ldapts'
import t from 'tap'
import { readUserFilter, type UserFilter } from '../../../edge/cmbac/ldap/filter.ts'
import { parseJid } from '../../../rules/address/jid.ts'

const usable = (template: string): UserFilter => {
  const read = readUserFilter(template)
  if ('problem' in read) throw new Error(read.problem)
  return read
}

t.test('parts of an address stand where they are asked for', (t) => {
  const alice = parseJid('alice@high.example/phone')!
  const made = (template: string) => usable(template).of(alice)
  const parsed = (text: string) => FilterParser.parseString(text)
  t.same(made('(mail={jid})'), parsed('(mail=alice@high.example)'))
  t.same(made('mail={jid}'), parsed('(mail=alice@high.example)'))
  t.same(
    made('(&(objectClass=person)(|(uid={local})(krb=xmpp/{local}@{domain}))(!(disabled=yes))(mail=*))'),
    parsed('(&(objectClass=person)(|(uid=alice)(krb=xmpp/alice@high.example))(!(disabled=yes))(mail=*))'),
  )
  t.same([...usable('(&(a={local})(b={domain}))').tells], ['{local}', '{domain}'])
  t.end()
})

t.test('hostile addresses are values, whatever they hold', (t) => {
  const { of } = usable('(&(objectClass=person)(mail={jid}))')
  for (const local of [
    '*',
    'a)(uid=*',
    'a*)(|(uid=*',
    '\\2a',
    '{domain}',
    '{jid}',
    'a\\00b',
    '=',
    '!(a=b)',
    'ä',
    '$&',
  ]) {
    // Of those some are no addresses at all; the filter does not rely on it.
    const filter = of({ text: `${local}@high.example`, local, domain: 'high.example', resource: '' })
    t.same(JSON.parse(JSON.stringify(filter)).filters[1].value, `${local}@high.example`)
    t.equal(JSON.parse(JSON.stringify(filter)).filters.length, 2)
  }
  t.end()
})

t.test('templates that are none, or ask for nobody', (t) => {
  const cases: [string, RegExp][] = [
    ['', /not a usable filter/],
    ['(mail={jid}', /not a usable filter/],
    ['(mail={jid}))', /not a usable filter/],
    ['(mail=*{jid}*)', /more than and, or, not, presence and equality/],
    ['(mail>={jid})', /more than and/],
    ['(mail:caseExactMatch:={jid})', /more than and/],
    ['({jid}=mail)', /not a usable filter/],
    ['(mail={user})', /\{user\} is unknown; known are \{jid\}, \{local\}, \{domain\}/],
    ['(mail=alice)', /asks for nobody/],
    ['(mail=*)', /asks for nobody/],
    ['(associatedDomain={domain})', /asks for nobody/],
  ]
  for (const [template, wanted] of cases) {
    const read = readUserFilter(template)
    t.match('problem' in read ? read.problem : 'usable', wanted, template)
  }
  t.end()
})
