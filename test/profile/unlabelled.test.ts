/**
 * What of a message crosses without a label: every choice of its children is tried, and only those pass that are made of
 * nothing but what the ruleset lists as unlabelled.
 */

import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import type { Bundle, ElementRule, Slot, StanzaForm } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { settingsOf } from '../../rules/examples/setting.ts'
import { sampleValue } from '../../rules/examples/values.ts'
import {
  CATALOGUE,
  type CatalogueName,
  UNLABELLED,
  type UnlabelledName,
} from '../../rules/profile/catalogue.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'
import { element, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { canonicalOrder, serialise } from '../../rules/xml/write.ts'
import { NUMBER } from '../support/number.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { encodeBundle } from '../verify/fixture.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const { bundle: example } = compiled(exampleSources('acme-to-coalition'))

/** The children that may cross alone, by the name under which a ruleset lists them. */
const FREE: readonly [UnlabelledName, RegExp, type?: string][] = [
  ['chat-states', /^<(active|composing|gone|inactive|paused) /],
  ['receipts', /^<received xmlns="urn:xmpp:receipts"/],
  ['markers', /^<(received|displayed|acknowledged) xmlns="urn:xmpp:chat-markers:0"/],
  ['empty-subject', /^<subject><\/subject>$/],
  ['room-notices', /^<x xmlns="http:\/\/jabber.org\/protocol\/muc#user">(<status |<\/x>)/, 'groupchat'],
]

function bundleWith(unlabelled: readonly UnlabelledName[]): Bundle {
  const on = new Set(Object.keys(CATALOGUE) as CatalogueName[])
  const limits = { body: 100, subject: 100, thread: 20, id: 20, local: 20, resource: 20, items: 8 }
  return {
    ...example,
    forms: stanzaForms({
      on,
      unlabelled: new Set(unlabelled),
      limits,
      identifiers: 'foreign',
      languages: [],
    }),
  }
}

/** An element as its rule wants it; `full` with all that may be in it, else with as little as may be. */
function sample(bundle: Bundle, rule: ElementRule, full: boolean): XmlElement {
  const value = (of: Parameters<typeof sampleValue>[0]) =>
    sampleValue(of, { bundle, second: SECOND, setting: settingsOf(bundle)(bundle.forms[0]!) })
  const attributes = rule.attributes
    .filter(({ required }) => required || full)
    .map((one) => ({ ns: '', name: one.name, value: value(one.value) }))
  const { content } = rule
  const children =
    content.type === 'elements'
      ? content.slots.flatMap((slot) =>
          slot.type === 'elements' && (full || slot.min > 0) ? [sample(bundle, slot.of[0]!, full)] : [],
        )
      : content.type === 'value' && (full || !content.mayBeEmpty)
        ? [value(content.value)]
        : []
  return { ns: rule.ns, name: rule.name, attributes: canonicalOrder(attributes), children }
}

/** What may stand in a slot: nothing, or its elements, with little in them and, where that is nothing, with much. */
function choices(bundle: Bundle, slot: Slot): (XmlElement | undefined)[] {
  if (slot.type === 'label') return [undefined]
  const alike = new Map(slot.of.map((rule) => [JSON.stringify({ ...rule, name: '' }), rule]))
  return [undefined, ...[...alike.values()].flatMap((rule) => variants(bundle, rule))]
}

function variants(bundle: Bundle, rule: ElementRule): XmlElement[] {
  const [little, much] = [sample(bundle, rule, false), sample(bundle, rule, true)]
  return little.children.length === 0 && much.children.length > 0 ? [little, much] : [little]
}

function* product(lists: readonly (XmlElement | undefined)[][]): Generator<XmlElement[]> {
  const [first, ...rest] = lists
  if (first === undefined) yield []
  else
    for (const others of product(rest))
      for (const one of first) yield one === undefined ? others : [one, ...others]
}

for (const unlabelled of [Object.keys(UNLABELLED) as UnlabelledName[], ['receipts'] as const]) {
  const bundle = bundleWith(unlabelled)
  const { octets, digest } = encodeBundle(bundle)
  const inspect = createDecider(bundle)
  const verify = makeDecider(readBundle(octets, digest))
  const listed = FREE.filter(([name]) => (unlabelled as readonly string[]).includes(name))

  const tried = (form: StanzaForm) =>
    t.test(`${form.form}, unlabelled: ${unlabelled.join(', ') || 'nothing'}`, async (t) => {
      const free = listed.filter(([, , type = form.type]) => type === form.type).map(([, is]) => is)
      const wrong: string[] = []
      const counts = { crossed: 0, refused: 0 }
      for (const children of product(form.slots.map((slot) => choices(bundle, slot)))) {
        const ends = { from: 'a@acme.example', to: 'b@coalition.example' }
        const type = form.type === null ? ends : { ...ends, type: form.type }
        const stanza = serialise(element(SERVER_NS, 'message', type, children))
        const spelled = children.map((node) =>
          serialise(element(SERVER_NS, 'm', {}, [node])).replace(/^<m [^>]*>|<\/m>$/g, ''),
        )
        const expected = children.length > 0 && spelled.every((one) => free.some((is) => is.test(one)))
        const said = [inspect, verify].map((decide) => decide(Buffer.from(stanza), SECOND, NUMBER).accepted)
        if (said.some((accepted) => accepted !== expected)) wrong.push(stanza)
        counts[expected ? 'crossed' : 'refused']++
      }
      t.same(wrong.slice(0, 5), [])
      t.ok(counts.refused > 50 || form.type === 'headline', `${counts.refused} are refused`)
      t.equal(counts.crossed > 0, free.length > 0 && form.type !== 'headline', `${counts.crossed} cross`)
    })
  const forms = new Map(
    bundle.forms.filter(({ content }) => content).map((form) => [JSON.stringify(form.slots), form]),
  )
  for (const form of forms.values()) if (form.type !== 'error') tried(form)
}
