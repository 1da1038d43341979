/** Labels that the edge adds for those who send none. */

import t from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { refused } from '../../rules/reasons.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { NAMING, NUMBER } from '../support/number.ts'
import { changedSources, compiled, exampleSources, problemsOf } from '../support/ruleset.ts'

const { bundle } = compiled(exampleSources('fmn-rooms'))
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const normalise = createNormaliser(bundle)
const decide = createDecider(bundle)

function said(from: string, content: string, type = 'groupchat'): string {
  const octets = Buffer.from(
    `<message xmlns="jabber:server" from="${from}" to="ben@partner.example/desk" type="${type}">${content}</message>`,
  )
  const stanza = parseStanza(octets, bundle.limits)
  if (refused(stanza)) throw new Error(stanza.refused)
  const ready = normalise(stanza, undefined, SECOND, NAMING)
  if (ready.outcome !== 'ready') return ready.outcome
  const verdict = decide(Buffer.from(ready.octets), SECOND, NUMBER)
  if (!verdict.accepted) return verdict.reason
  const name = verdict.row < 0 ? 'unlabelled' : bundle.labels.rows[verdict.row]!.name
  return `${name} ${ready.stripped.includes('default-label') ? 'added' : ''}`.trim()
}

t.test('a label is added for whom the bundle names, where one is needed and missing', (t) => {
  t.equal(said('weather@rooms.mission.example/bot', '<body>Rain.</body>'), 'harbour/unclassified added')
  t.equal(said('weather@rooms.mission.example', '<subject>Today</subject>'), 'harbour/unclassified added')
  t.equal(said('weather@rooms.mission.example', '<subject/>'), 'unlabelled', 'not where none is needed')
  t.equal(said('ops@rooms.mission.example/Anna', '<body>Rain.</body>'), 'label-missing', 'for nobody else')
  t.equal(said('weather@mission.example/x', '<body>Rain.</body>', 'chat'), 'label-missing', 'of that domain')
  t.equal(
    said(
      'weather@rooms.mission.example/bot',
      '<body>Rain.</body><securitylabel xmlns="urn:xmpp:sec-label:0"/>',
    ),
    'refused',
    'nor beside another',
  )
  t.end()
})

t.test('a domain, behind its addresses', (t) => {
  const sources = changedSources(
    'fmn-rooms',
    'ruleset.yaml',
    '    - { from: weather@',
    '    - { from: rooms.mission.example, label: harbour/limited, form: 4774-4778, review-after: 1d }\n    - { from: weather@',
  )
  const both = compiled(sources).bundle
  const ready = (from: string) => {
    const stanza = parseStanza(
      Buffer.from(
        `<message xmlns="jabber:server" from="${from}" to="ben@partner.example" type="groupchat"><body>x</body></message>`,
      ),
      bundle.limits,
    )
    if (refused(stanza)) throw new Error(stanza.refused)
    const normal = createNormaliser(both)(stanza, undefined, SECOND, NAMING)
    return normal.outcome === 'ready' ? normal.octets : normal.outcome
  }
  t.match(ready('ops@rooms.mission.example/Anna'), /LIMITED.*|2026-11-23T10:00:00Z/)
  t.match(ready('ops@rooms.mission.example/Anna'), />LIMITED</)
  t.match(ready('weather@rooms.mission.example/bot'), />UNCLASSIFIED</)
  t.end()
})

t.test('contradictions have their place', (t) => {
  const told = (from: string, to: string) =>
    problemsOf(changedSources('fmn-rooms', 'ruleset.yaml', from, to)).join('\n')
  t.match(
    told('from: weather@rooms.mission.example', 'from: weather@partner.example'),
    /no address or domain of the sending side/,
  )
  t.match(
    told('from: weather@rooms.mission.example', 'from: weather@rooms.mission.example/x'),
    /no address or domain/,
  )
  t.match(
    told('harbour/unclassified, form: 4774-4778', 'harbour/secret, form: 4774-4778'),
    /no label "harbour\/secret" is accepted as 4774-4778/,
  )
  t.match(told('unclassified, form: 4774-4778', 'unclassified, form: ess-0258'), /is accepted as ess-0258/)
  t.match(told(', review-after: 30d }', ' }'), /add review-after/)
  t.match(told('review-after: 30d }', 'review-after: 4000d }'), /more than review-after-creation, 3653d/)
  t.end()
})
