import { readFileSync } from 'node:fs'
import t from 'tap'
import { profileManual } from '../../packaging/manual/profile.ts'
import type { AttributeRule, ElementRule, Slot, StanzaForm } from '../../rules/bundle/bundle.ts'
import {
  CATALOGUE,
  type CatalogueName,
  NEEDS,
  NEVER_LABELLED,
  PRESETS,
  type ProfileChoice,
  switchOf,
  UNLABELLED,
  type UnlabelledName,
} from '../../rules/profile/catalogue.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'
import { admitted, STRIP, type StripGroup } from '../../rules/profile/strip.ts'
import schema from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }

const names = Object.keys(CATALOGUE) as CatalogueName[]
const unlabelled = Object.keys(UNLABELLED) as UnlabelledName[]
const limits = { body: 16384, subject: 1024, thread: 64, id: 64, local: 64, resource: 128, items: 32 }
const languages = ['en', 'fr', 'de']
const everything: ProfileChoice = {
  on: new Set(names),
  unlabelled: new Set(unlabelled),
  limits,
  identifiers: 'foreign',
  languages,
}
const all = stanzaForms(everything)

function form(forms: readonly StanzaForm[], name: string): StanzaForm {
  const found = forms.find((f) => f.form === name)
  if (found === undefined) throw new Error(`no form ${name}`)
  return found
}

/** Each sequence of slots in a form, the nested ones too. */
function sequences(slots: readonly Slot[]): (readonly Slot[])[] {
  const inner = slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of)).map((rule) => rule.content)
  return [slots, ...inner.flatMap((content) => (content.type === 'elements' ? sequences(content.slots) : []))]
}

function elementsOf(slots: readonly Slot[]): ElementRule[] {
  return sequences(slots).flatMap((sequence) =>
    sequence.flatMap((slot) => (slot.type === 'label' ? [] : slot.of)),
  )
}

const childNames = (f: StanzaForm) =>
  f.slots.flatMap((slot) => (slot.type === 'label' ? ['(label)'] : slot.of.map((rule) => rule.name)))

t.test('the page of the manual is what the catalogue says', (t) => {
  t.equal(
    readFileSync(new URL('../../doc/profile.md', import.meta.url), 'utf8'),
    profileManual(),
    'run scripts/manual.ts',
  )
  t.end()
})

t.test('the forms are these sixteen', (t) => {
  t.same(
    all.map((f) => f.form),
    [
      'message-chat',
      'message-normal',
      'message-groupchat',
      'message-headline',
      'message-error',
      'presence-available',
      'presence-unavailable',
      'presence-probe',
      'presence-subscribe',
      'presence-subscribed',
      'presence-unsubscribe',
      'presence-unsubscribed',
      'presence-error',
      'iq-get',
      'iq-result',
      'iq-error',
    ],
  )
  t.end()
})

t.test('one form a root and type, and type required where there is one', (t) => {
  t.equal(new Set(all.map((f) => `${f.element} ${f.type}`)).size, all.length)
  for (const f of all) {
    const type = f.attributes.find((a) => a.name === 'type')
    t.same(type?.value, f.type === null ? undefined : { type: 'enum', values: [f.type] }, f.form)
    t.equal(type?.required ?? f.type === null, true, f.form)
  }
  t.end()
})

t.test('both addresses are required, of the right side', (t) => {
  for (const f of all) {
    for (const side of ['from', 'to']) {
      t.same(
        f.attributes.find((a) => a.name === side),
        { name: side, required: true, value: { type: 'address', side, local: 64, resource: 128 } },
        `${f.form} ${side}`,
      )
    }
  }
  t.end()
})

t.test('no sequence offers a choice of places: each name once', (t) => {
  for (const f of all) {
    for (const sequence of sequences(f.slots)) {
      const keys = sequence.flatMap((slot) =>
        slot.type === 'label' ? ['label'] : slot.of.map((rule) => `${rule.ns} ${rule.name}`),
      )
      t.equal(new Set(keys).size, keys.length, f.form)
    }
  }
  t.end()
})

t.test('attributes stand in canonical order', (t) => {
  const order = (rules: readonly AttributeRule[]) => rules.map((rule) => rule.name)
  const canonical = (attributes: readonly string[]) => [
    ...attributes.filter((name) => name !== 'xml:lang').sort(),
    ...attributes.filter((name) => name === 'xml:lang'),
  ]
  for (const f of all) {
    t.same(order(f.attributes), canonical(order(f.attributes)), f.form)
    for (const rule of elementsOf(f.slots)) {
      t.same(order(rule.attributes), canonical(order(rule.attributes)), `${f.form} ${rule.name}`)
    }
  }
  t.end()
})

t.test('only the root has a language; a label has a place, the last, exactly where words have', (t) => {
  const holdsText = (rule: ElementRule) =>
    (rule.content.type === 'value' && rule.content.value.type === 'text') ||
    rule.attributes.some((a) => a.value.type === 'text')
  for (const f of all) {
    const inside = elementsOf(f.slots)
    t.equal(
      inside.some((rule) => rule.attributes.some((a) => a.name === 'xml:lang')),
      false,
      f.form,
    )
    const labelled = f.slots.some((slot) => slot.type === 'label')
    t.equal(labelled, inside.some(holdsText), f.form)
    t.same(
      f.slots.findIndex((slot) => slot.type === 'label'),
      labelled ? f.slots.length - 1 : -1,
      'the label is last',
    )
    for (const rule of inside.filter(holdsText)) {
      const roomSubject = f.form === 'message-groupchat' && rule.name === 'subject'
      t.equal(rule.labelling, roomSubject ? 'unless-empty' : 'always', `${f.form} ${rule.name}`)
    }
  }
  t.end()
})

t.test('the children of messages are in their order', (t) => {
  const states = ['active', 'composing', 'gone', 'inactive', 'paused']
  const markers = ['markable', 'received', 'displayed', 'acknowledged']
  const notices = [...states, 'request', 'received', ...markers, 'replace', 'x', 'x']
  const user = ['subject', 'body', 'thread', 'nick', ...notices, 'x', 'delay', '(label)']
  t.same(childNames(form(all, 'message-chat')), user)
  t.same(childNames(form(all, 'message-normal')), user)
  t.same(childNames(form(all, 'message-groupchat')), [
    'subject',
    'body',
    'thread',
    ...notices,
    'delay',
    '(label)',
  ])
  t.same(childNames(form(all, 'message-headline')), ['subject', 'body', '(label)'])
  t.same(childNames(form(all, 'message-error')), ['error'])
  t.same(childNames(form(all, 'presence-available')), [
    'show',
    'status',
    'priority',
    'c',
    'x',
    'x',
    'hats',
    '(label)',
  ])
  t.same(childNames(form(all, 'iq-get')), ['query', 'query', 'ping', 'time', 'query', 'vCard'])
  t.end()
})

t.test('the presets are sets of switches with what they need', (t) => {
  for (const [name, preset] of Object.entries(PRESETS)) {
    const on: ReadonlySet<CatalogueName> = new Set(preset)
    t.equal(on.size, preset.length, name)
    for (const need of NEEDS) if (on.has(need.name)) t.ok(on.has(need.needs), `${name}: ${need.name}`)
  }
  const chat = stanzaForms({ ...everything, on: new Set(PRESETS['minimal-chat']) })
  t.same(
    chat.map((f) => f.form),
    ['message-chat', 'message-normal'],
  )
  t.same(childNames(form(chat, 'message-chat')), ['subject', 'body', 'thread', '(label)'])
  t.end()
})

t.test('each switch alone, with what it needs, changes something and is gone when off', (t) => {
  const closure = (name: CatalogueName): Set<CatalogueName> => {
    const on = new Set([name])
    for (const need of NEEDS) if (on.has(need.name)) on.add(need.needs)
    return on
  }
  for (const name of names) {
    const on = closure(name)
    const without = new Set([...on].filter((one) => one !== name))
    if (name === 'receipts' || name === 'chat-states' || name === 'delay') {
      on.add('messages')
      without.add('messages')
    }
    if (name === 'errors') {
      on.add('presence')
      without.add('presence')
    }
    t.notSame(stanzaForms({ ...everything, on }), stanzaForms({ ...everything, on: without }), name)
  }
  t.end()
})

t.test('what is switched off is gone', (t) => {
  const without = (...off: CatalogueName[]) =>
    stanzaForms({ ...everything, on: new Set(names.filter((name) => !off.includes(name))) })
  const forms = (list: readonly StanzaForm[]) => list.map((f) => f.form)

  t.same(forms(stanzaForms({ ...everything, on: new Set() })), [], 'nothing on, nothing crosses')
  t.equal(forms(without('messages')).includes('message-chat'), false)
  t.equal(forms(without('rooms')).includes('message-groupchat'), false)
  t.equal(childNames(form(without('rooms'), 'presence-available')).includes('x'), false)
  const withoutRooms = form(without('rooms', 'links', 'direct-invitations'), 'message-chat')
  t.equal(childNames(withoutRooms).includes('x'), false)
  t.equal(childNames(form(without('chat-states'), 'message-chat')).includes('composing'), false)
  t.equal(childNames(form(without('receipts'), 'message-chat')).includes('request'), false)
  t.equal(childNames(form(without('delay'), 'message-groupchat')).includes('delay'), false)
  t.same(
    forms(without('errors')).filter((name) => name.endsWith('error')),
    [],
  )
  t.equal(
    forms(without('discovery', 'ping', 'time', 'software-version', 'vcards')).some((name) =>
      name.startsWith('iq'),
    ),
    false,
  )
  t.equal(forms(without('subscriptions')).includes('presence-subscribe'), false)
  t.same(
    forms(without('presence', 'subscriptions', 'rooms')).filter((name) => name.startsWith('presence')),
    [],
  )
  const known = (list: readonly StanzaForm[]) =>
    JSON.stringify(form(list, 'iq-result')).includes('http://jabber.org/protocol/chatstates')
  t.equal(known(all), true)
  t.equal(known(without('chat-states')), false, 'nor is it advertised')
  t.end()
})

t.test('without an unlabelled notice, every child of a message needs a label', (t) => {
  const strict = stanzaForms({ ...everything, unlabelled: new Set() })
  for (const name of ['message-chat', 'message-normal', 'message-groupchat']) {
    for (const rule of elementsOf(form(strict, name).slots))
      t.equal(rule.labelling, 'always', `${name} ${rule.name}`)
  }
  t.end()
})

t.test('what the edge takes out and the profile lets through is told apart', (t) => {
  const rooms = stanzaForms({ ...everything, on: new Set(PRESETS['chat-with-rooms']) })
  for (const [name, group] of Object.entries<StripGroup>(STRIP)) t.same(admitted(group, rooms), [], name)
  const both = Object.entries<StripGroup>(STRIP).filter(([, group]) => admitted(group, all).length > 0)
  t.same(
    both.map(([name]) => name),
    ['caps', 'status-text', 'nicknames', 'markers', 'corrections', 'join-history', 'discovery-forms'],
  )
  t.end()
})

t.test('what changes the meaning of a stanza is not stripped', (t) => {
  const stripped = JSON.stringify(STRIP)
  for (const ns of [
    'urn:xmpp:omemo:2',
    'eu.siacs.conversations.axolotl',
    'urn:xmpp:eme:0',
    'urn:xmpp:openpgp:0',
    'jabber:x:encrypted',
    'urn:xmpp:forward:0',
    'urn:xmpp:mam:2',
    'jabber:x:conference',
    'urn:xmpp:message-retract:1',
    'urn:xmpp:fallback:0',
    'urn:xmpp:reply:0',
    'jabber:x:oob',
    'urn:xmpp:sec-label:0',
    'urn:nato:stanag:4778:profile:xmpp:1:0',
  ]) {
    t.equal(stripped.includes(`"${ns}"`), false, ns)
  }
  t.same(
    STRIP.hints.elements.filter((e) => e.ns === 'urn:xmpp:carbons:2').map((e) => e.name),
    ['private'],
    'of carbons the hint alone',
  )
  t.end()
})

t.test('the schema has the names of the catalogue', (t) => {
  t.same(Object.keys(schema.properties.profile.properties), ['preset', ...names])
  t.same(schema.properties.profile.properties.preset.enum, Object.keys(PRESETS))
  t.same(schema.properties.unlabelled.items.enum, unlabelled)
  t.same(schema.properties.edge.properties.strip.items.enum, Object.keys(STRIP))
  const switches = Object.entries(schema.properties.profile.properties)
  for (const [name, { description }] of switches) {
    if (name === 'preset') continue
    const needs = NEEDS.filter((n) => n.name === name).map((n) => n.needs)
    const text = CATALOGUE[name as CatalogueName]
    const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
    t.equal(description, needs.length === 0 ? sentence : `${sentence} Needs ${needs.join(' and ')}.`)
  }
  for (const { name, unlabelled: what } of NEVER_LABELLED) t.equal(switchOf(what), name)
  t.end()
})
