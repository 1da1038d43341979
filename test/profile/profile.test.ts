import { readFileSync } from 'node:fs'
import t from 'tap'
import { profileManual } from '../../packaging/manual/profile.ts'
import type { AttributeRule, ElementRule, Slot, StanzaForm } from '../../rules/bundle/bundle.ts'
import {
  CATALOGUE,
  type CatalogueName,
  type ProfileChoice,
  UNLABELLED,
  type UnlabelledName,
} from '../../rules/profile/catalogue.ts'
import { NEEDS, NEVER_LABELLED, stanzaForms } from '../../rules/profile/forms.ts'
import { STRIP, type StripGroup } from '../../rules/profile/strip.ts'
import schema from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }

const names = Object.keys(CATALOGUE) as CatalogueName[]
const unlabelled = Object.keys(UNLABELLED) as UnlabelledName[]
const limits = { body: 16384, subject: 1024, thread: 64, id: 64 }
const everything: ProfileChoice = { on: new Set(names), unlabelled: new Set(unlabelled), limits }
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

t.test('the forms are the fifteen of the first profile', (t) => {
  t.same(
    all.map((f) => f.form),
    [
      'message-chat',
      'message-normal',
      'message-groupchat',
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
        { name: side, required: true, value: { type: 'address', side } },
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

t.test('only the root has a language, only messages have a label', (t) => {
  for (const f of all) {
    t.equal(
      elementsOf(f.slots).some((rule) => rule.attributes.some((a) => a.name === 'xml:lang')),
      false,
      f.form,
    )
    const labelled = f.slots.some((slot) => slot.type === 'label')
    t.equal(labelled, f.element === 'message' && f.type !== 'error', f.form)
    t.same(
      f.slots.findIndex((slot) => slot.type === 'label'),
      labelled ? f.slots.length - 1 : -1,
      'the label is last',
    )
  }
  t.end()
})

t.test('free text is in body and subject only, and those need a label', (t) => {
  for (const f of all) {
    for (const rule of elementsOf(f.slots)) {
      const text = rule.content.type === 'value' && rule.content.value.type === 'text'
      t.equal(text, rule.name === 'body' || rule.name === 'subject', `${f.form} ${rule.name}`)
      if (text) {
        t.equal(
          rule.labelling,
          f.form === 'message-groupchat' && rule.name === 'subject' ? 'unless-empty' : 'always',
          `${f.form} ${rule.name}`,
        )
      }
      t.equal(
        rule.attributes.some((a) => a.value.type === 'text'),
        false,
        'no free text in attributes',
      )
    }
  }
  t.end()
})

t.test('the children of messages are in their order', (t) => {
  const states = ['active', 'composing', 'gone', 'inactive', 'paused']
  const head = ['subject', 'body', 'thread', ...states, 'request', 'received']
  t.same(childNames(form(all, 'message-chat')), [...head, 'x', 'delay', '(label)'])
  t.same(childNames(form(all, 'message-normal')), [...head, 'x', 'delay', '(label)'])
  t.same(childNames(form(all, 'message-groupchat')), [...head, 'delay', '(label)'])
  t.same(childNames(form(all, 'message-error')), ['error'])
  t.same(childNames(form(all, 'presence-available')), ['show', 'priority', 'x', 'x'])
  t.same(childNames(form(all, 'iq-get')), ['query', 'query'])
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
  t.equal(childNames(form(without('rooms'), 'message-chat')).includes('x'), false)
  t.equal(childNames(form(without('chat-states'), 'message-chat')).includes('composing'), false)
  t.equal(childNames(form(without('receipts'), 'message-chat')).includes('received'), false)
  t.equal(childNames(form(without('delay'), 'message-groupchat')).includes('delay'), false)
  t.same(
    forms(without('errors')).filter((name) => name.endsWith('error')),
    [],
  )
  t.equal(
    forms(without('discovery')).some((name) => name.startsWith('iq')),
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

t.test('the edge strips nothing that the profile admits in that place', (t) => {
  const groups: readonly StripGroup[] = Object.values(STRIP)
  const stripped = new Set(groups.flatMap((g) => (g.elements ?? []).map((e) => `${e.ns} ${e.name}`)))
  const attributes = new Set(
    groups.flatMap((g) => (g.attributes ?? []).map((a) => `${a.ns} ${a.name} ${a.attribute}`)),
  )
  const inside = new Set(
    groups.flatMap((g) => (g.inside ?? []).map((e) => `${e.parent.ns} ${e.parent.name} ${e.ns} ${e.name}`)),
  )
  const visit = (parent: string, slots: readonly Slot[]): void => {
    for (const slot of slots) {
      for (const rule of slot.type === 'label' ? [] : slot.of) {
        const key = `${rule.ns} ${rule.name}`
        t.equal(stripped.has(key), false, key)
        t.equal(inside.has(`${parent} ${key}`), false, `${key} in ${parent}`)
        for (const a of rule.attributes)
          t.equal(attributes.has(`${key} ${a.name}`), false, `${key} ${a.name}`)
        if (rule.content.type === 'elements') visit(key, rule.content.slots)
      }
    }
  }
  for (const f of all) visit(`jabber:server ${f.element}`, f.slots)
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
  t.same(Object.keys(schema.properties.profile.properties), names)
  t.same(schema.properties.unlabelled.items.enum, unlabelled)
  t.same(schema.properties.edge.properties.strip.items.enum, Object.keys(STRIP))
  const switches = Object.entries(schema.properties.profile.properties)
  for (const [name, { description }] of switches) {
    const needs = NEEDS.find((n) => n.name === name)?.needs
    const text = CATALOGUE[name as CatalogueName]
    const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
    t.equal(description, needs === undefined ? sentence : `${sentence} Needs ${needs}.`)
  }
  for (const { unlabelled: name } of NEVER_LABELLED) t.ok(unlabelled.includes(name))
  t.end()
})
