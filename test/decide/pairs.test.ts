/**
 * Pairs of labels: accepted when both are those of one row, in their places and with the same dates, and in no other case. Asked are
 * both verifiers, and the edge, which may forgive spelling only.
 */
import t, { type Test } from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import type { Bundle, LabelRow, PairForm } from '../../rules/bundle/bundle.ts'
import { fill } from '../../rules/label/template.ts'
import { refused } from '../../rules/reasons.ts'
import { formatDate } from '../../rules/text/date.ts'
import { formatReference } from '../../rules/text/numbered.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { NAMING, NUMBER } from '../support/number.ts'
import { compose, PAIR_FORMS, pairRulesets, payloadOf } from '../support/pairs.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { makeVerifiers } from '../support/verifiers.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const DATES = { creation: formatDate(SECOND - 60), review: formatDate(SECOND + 86_400), now: SECOND }
const OTHER = { creation: formatDate(SECOND - 61), review: formatDate(SECOND + 86_401) }

const OWN = formatReference({ own: true, number: NUMBER })

/** What a room of the coalition's gives back to who sits at ACME. */
const echo = (label: string) =>
  `<message xmlns="jabber:server" from="ops@rooms.coalition.example/alice" id="${OWN}" to="alice@acme.example/desk" type="groupchat"><body>Hello</body>${label}</message>`

function rowOf(bundle: Bundle, name: string, form: string): LabelRow {
  const found = bundle.labels.rows.find((row) => row.name === name && row.input.form === form)
  if (found === undefined) throw new Error(`no row ${name} as ${form}`)
  return found
}

/** A label of both rulesets by itself, as its payload. */
function payloads(form: PairForm) {
  const single = form.split('+')[0]!
  const { out, back } = pairRulesets(form)
  const [acme, harbour] = [compiled(out).bundle, compiled(back).bundle]
  const of =
    (bundle: Bundle) =>
    (name: string, dates = DATES) =>
      payloadOf(fill(rowOf(bundle, name, single).input.template, dates)!)
  return { acme: of(acme), harbour: of(harbour) }
}

/** What both verifiers say, which must be the same; `accepted` with the number of the row. */
function asker(bundle: Bundle): (t: Test, label: string) => string {
  const { inspect, verify } = makeVerifiers(bundle)
  return (t, label) => {
    const stanza = Buffer.from(echo(label))
    const [one, other] = [inspect(stanza, SECOND), verify(stanza, SECOND)]
    t.equal(other.accepted, one.accepted, `both say the same of ${label}`)
    if (one.accepted && other.accepted) t.equal(other.output, one.output)
    return one.accepted ? `accepted ${one.row}` : one.reason
  }
}

/** What the edge makes of a stanza with that label: canonical octets, or a reason. */
function edge(bundle: Bundle): (label: string) => Readonly<{ said: string; stripped: readonly string[] }> {
  const normalise = createNormaliser(bundle)
  return (label) => {
    const stanza = parseStanza(Buffer.from(echo(label)), { stanzaBytes: 100_000, depth: 60 })
    if (refused(stanza)) throw new Error(stanza.refused)
    const made = normalise(stanza, undefined, SECOND, NAMING)
    return {
      said: made.outcome === 'ready' ? made.octets : made.outcome === 'refused' ? made.reason : '',
      stripped: made.stripped,
    }
  }
}

/** A stanza through the sending edge and both verifiers: what leaves the guard. */
function crossing(t: Test, bundle: Bundle): (stanza: string) => string {
  const normalise = createNormaliser(bundle)
  const { inspect, verify } = makeVerifiers(bundle)
  return (text) => {
    const stanza = parseStanza(Buffer.from(text), { stanzaBytes: 100_000, depth: 60 })
    if (refused(stanza)) throw new Error(stanza.refused)
    const made = normalise(stanza, undefined, SECOND, NAMING)
    if (made.outcome !== 'ready') throw new Error(`${JSON.stringify(made)}: ${text}`)
    t.same(made.stripped, [])
    const [one, other] = [inspect, verify].map((decide) => decide(Buffer.from(made.octets), SECOND))
    if (!one!.accepted || !other!.accepted) throw new Error(`${JSON.stringify([one, other])}: ${text}`)
    t.equal(one!.output, other!.output)
    return one!.output
  }
}

for (const form of PAIR_FORMS) {
  const [single, mode] = form.split('+') as [string, 'equivalentlabel' | 'alternative']
  const { acme, harbour } = payloads(form)
  const internal = acme('acme/internal-harbour')
  const limited = harbour('harbour/limited-acme')
  const pair = compose(form, internal, limited)

  t.test(`${form}: what a room gives back crosses again, as the label that it was`, async (t) => {
    const [there, back] = [pairRulesets(form).out, pairRulesets(form).back].map(
      (sources) => compiled(sources).bundle,
    ) as [Bundle, Bundle]
    const [goes, returns] = [crossing(t, there), crossing(t, back)]
    const shown = /<displaymarking.*?<\/displaymarking>/
    for (const row of there.labels.rows.filter(({ output }) => output.form === form)) {
      const label = fill(row.input.template, DATES)!
      const sent = `<message xmlns="jabber:server" from="alice@acme.example/desk" id="${OWN}" to="ops@rooms.coalition.example" type="groupchat"><body>Hello</body>${label}</message>`
      const heard = goes(sent)
      const labels = heard.slice(heard.indexOf('</body>') + 7, -'</message>'.length)
      t.equal(labels.replace(shown, ''), fill(row.output.template, DATES)!.replace(shown, ''))
      const given = returns(echo(labels))
      t.match(given, /^<message xmlns="jabber:server" from="ops@rooms.coalition.example\/alice"/)
      if (given.includes('<displaymarking'))
        t.match(shown.exec(given)![0], `>${row.input.marking}<`, row.name)
      t.notMatch(given, 'equivalentlabel', 'one label, the sender’s own')
    }
  })

  t.test(`${form}: a pair as it stands in a stanza, and what is made of it`, async (t) => {
    for (const back of ['replace', mode] as const) {
      const { bundle } = compiled(pairRulesets(form, back).back)
      const row = rowOf(bundle, 'harbour/limited-acme', form)
      t.equal(fill(row.input.template, DATES), pair, 'written by hand it is the same')
      t.match(row.input, { marking: 'HARBOUR LIMITED RELEASABLE TO ACM/HARBOUR', beside: { place: 'first' } })
      const verdict = makeVerifiers(bundle).inspect(Buffer.from(echo(pair)), SECOND)
      if (!verdict.accepted) throw new Error(verdict.reason)
      t.equal(bundle.labels.rows[verdict.row], row)
      const shown = /<displaymarking.*?<\/displaymarking>/
      const released = verdict.output.slice(verdict.output.indexOf('</body>') + 7, -'</message>'.length)
      if (back === 'replace') {
        t.equal(row.output.beside, undefined)
        t.notMatch(verdict.output, 'HARBOUR LIMITED', 'one label only')
      } else {
        t.match(row.output.beside, { place: 'second', marking: row.input.marking })
        t.equal(
          released.replace(shown, ''),
          pair,
          'both stay in their places: the originator’s is never overwritten',
        )
      }
      if (row.output.form.includes('0258'))
        t.match(shown.exec(released)?.[0], />ACME INTERNAL/, 'the marking is of the receiving side’s policy')
    }
  })

  t.test(`${form}: no other pair passes`, async (t) => {
    const { bundle } = compiled(pairRulesets(form).back)
    const ask = asker(bundle)
    const atEdge = edge(bundle)
    // Both have seen the right pair before.
    t.match(ask(t, pair), /^accepted/)
    t.equal(atEdge(pair).said, echo(pair))
    const open = acme('acme/open')
    const unclassified = harbour('harbour/unclassified')
    const secret = limited.replace('>LIMITED<', '>SECRET<').replace(/ess:0">.*</, 'ess:0">MQgCAQUGA4g3Ag==<')
    const dated = single !== 'ess-0258'
    const dates = { ...DATES, creation: OTHER.creation }
    const reviews = { ...DATES, review: OTHER.review }
    const asAlternative = (payload: string) => payload.replaceAll('originatorC', 'alternativeC')
    const hostile: [string, string][] = [
      ['the deciding label is lower', compose(form, internal, unclassified)],
      ['the other label is lower', compose(form, open, limited)],
      ['the deciding label is not listed', compose(form, internal, secret)],
      ['the other label is of the same policy', compose(form, unclassified, limited)],
      ['twice the other label', compose(form, internal, internal)],
      ['three labels', compose(form, internal, limited, limited)],
      ['three labels, the third lower', compose(form, internal, limited, unclassified)],
      ['two labels in the second place', compose(form, internal, limited + limited)],
      ['nothing in the second place', compose(form, internal, '')],
      ['nothing in the first place', compose(form, '', limited)],
      ['the other label alone', compose(form, internal)],
    ]
    if (dated) {
      hostile.push(
        ['another creation date', compose(form, internal, harbour('harbour/limited-acme', dates))],
        ['another review date', compose(form, internal, harbour('harbour/limited-acme', reviews))],
        ['another creation date of the first', compose(form, acme('acme/internal-harbour', dates), limited)],
        [
          'no review date of the second',
          compose(form, internal, limited.replace(/ ReviewDateTime="[^"]*"/, '')),
        ],
        ['a label of metadata', compose(form, internal, limited.replaceAll('originatorC', 'metadataC'))],
        ['an alternative without originator', compose(form, asAlternative(limited))],
        ['two alternatives', compose(form, asAlternative(internal), asAlternative(limited))],
      )
    }
    for (const [name, label] of hostile) {
      t.match(ask(t, label), /^label-(unlisted|malformed)$/, name)
      t.match(atEdge(label).said, /^label-(unlisted|malformed)$/, `the edge: ${name}`)
    }
    const spelt: [string, string][] = [
      ['twice the deciding label', compose(form, limited, limited)],
      ['the deciding label in the first place', compose(form, limited, internal)],
      ['a blank between', pair.replace('><', '> <')],
      [
        'an attribute',
        pair
          .replace('<equivalentlabel>', '<equivalentlabel x="y">')
          .replace('<Metadata>', '<Metadata x="y">'),
      ],
      [
        'a marking',
        pair
          .replace('<label>', '<displaymarking>x</displaymarking><label>')
          .replace('<Metadata>', '<displaymarking>x</displaymarking><Metadata>'),
      ],
      [
        'the second before the first',
        form.includes('0258')
          ? pair.replace(/(<label>.*<\/label>)(<equivalentlabel>.*<\/equivalentlabel>)/, '$2$1')
          : pair.replace(/(<Metadata>.*?<\/Metadata>)(<Metadata>.*?<\/Metadata>)/, '$2$1'),
      ],
    ]
    for (const [name, label] of spelt) {
      t.not(label, pair)
      t.match(ask(t, label), /^label-(unlisted|malformed)$/, name)
    }
  })

  t.test(`${form}: the order decides`, async (t) => {
    const { bundle } = compiled(pairRulesets(form).back)
    const turned = compose(form, limited, internal)
    t.match(asker(bundle)(t, turned), /^label-(unlisted|malformed)$/, 'the deciding label in the wrong place')
    // The first label decides then, and the other is what the policies derive of it: today's way with equivalents.
    t.same(edge(bundle)(turned), {
      said: echo(fill(rowOf(bundle, 'harbour/limited-acme', single).input.template, DATES)!),
      stripped: ['equivalent-label'],
    })
    const { bundle: asBefore } = compiled(exampleSources('coalition-to-acme'))
    t.match(edge(asBefore)(pair).said, /^label-unlisted$/, 'without pairs the first label would decide')
  })

  t.test(`${form}: a pair where only single labels are listed, and the reverse`, async (t) => {
    const { back } = pairRulesets(form)
    const text = new TextDecoder().decode(back.get('ruleset.yaml'))
    const change = (accept: string) => {
      const found = /accept:\n(?:\s+- [^\n]*\n)+/.exec(text)![0]
      return compiled(
        new Map(
          [
            ...back,
            ['ruleset.yaml', new TextEncoder().encode(text.replace(found, `accept: ${accept}\n`))],
          ].filter(([file]) => file !== 'examples.yaml') as [string, Uint8Array][],
        ),
      ).bundle
    }
    const lone = compose(form, limited)
    const singles = change(`[${single}]`)
    t.match(asker(singles)(t, lone), /^accepted/)
    t.match(asker(singles)(t, pair), /^label-unlisted$/)
    t.match(edge(singles)(pair).said, /^label-unlisted$/)
    const pairs = change(`[${form}]`)
    t.match(asker(pairs)(t, pair), /^accepted/)
    t.match(asker(pairs)(t, lone), /^label-unlisted$/)
    t.match(edge(pairs)(lone).said, /^label-unlisted$/)
    for (const other of PAIR_FORMS.filter((one) => one !== form && one.startsWith(single))) {
      t.match(asker(pairs)(t, compose(other, internal, limited)), /^label-unlisted$/, `as ${other}`)
      t.match(edge(pairs)(compose(other, internal, limited)).said, /^label-unlisted$/)
    }
  })

  t.test(`${form}: the edge forgives the spelling of a pair and leaves it whole`, async (t) => {
    const { bundle } = compiled(pairRulesets(form).back)
    const atEdge = edge(bundle)
    const written = echo(pair)
    const spellings: [string, string][] = [
      ['as it is', pair],
      ['with blanks', pair.replaceAll('><', '>\n <')],
      [
        'with a marking',
        pair.replace('<label>', '<displaymarking bgcolor="red">UNCLASSIFIED</displaymarking><label>'),
      ],
      ['without identifiers', pair.replaceAll(/ URI="urn[^"]*"/g, '')],
      [
        'with dates of another zone',
        pair.replaceAll(DATES.creation, DATES.creation.replace('T09', 'T10').replace('Z', '+01:00')),
      ],
    ]
    if (form === '4774-4778+alternative') {
      const [first, second] = pair.match(/<Metadata>.*?<\/Metadata>/g)!
      spellings.push([
        'the alternative before the originator’s',
        pair.replace(first! + second!, second! + first!),
      ])
    }
    for (const [name, label] of spellings) {
      t.same(atEdge(label), { said: written, stripped: [] }, name)
      t.same(atEdge(label), { said: written, stripped: [] }, `${name}, again`)
    }
    for (const [name, label] of [
      ['an identifier of another policy', pair.replace('"urn:oid:2.999.2"', '"urn:oid:2.999.1"')],
      [
        'an originator who is not the sender',
        pair.replace(
          '<CreationDateTime>',
          '<OriginatorID IDType="jID">eve@acme.example</OriginatorID><CreationDateTime>',
        ),
      ],
    ] as const) {
      if (label !== pair) t.match(atEdge(label).said, /^label-/, name)
    }
  })
}
