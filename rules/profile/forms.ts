/**
 * The forms of stanzas that a ruleset admits: the catalogue put together as the ruleset chose.
 *
 * The order of children here is the canonical order. Nothing is admitted that is not written here.
 */
import type { ElementRule, Labelling, Slot, StanzaForm } from '../bundle/bundle.ts'
import type { CatalogueName, ProfileChoice, UnlabelledName } from './catalogue.ts'
import { atMostOne, exactlyOne } from './element.ts'
import { error, stanzaAttributes } from './rfc6120.ts'
import { body, priority, roomSubject, show, subject, thread } from './rfc6121.ts'
import * as xep0030 from './xep0030.ts'
import * as xep0045 from './xep0045.ts'
import * as xep0085 from './xep0085.ts'
import * as xep0184 from './xep0184.ts'
import * as xep0203 from './xep0203.ts'
import * as xep0258 from './xep0258.ts'

/** What each catalogue entry needs of the others. */
export const NEEDS: readonly Readonly<{ name: CatalogueName; needs: CatalogueName }>[] = [
  { name: 'subscriptions', needs: 'presence' },
  { name: 'rooms', needs: 'presence' },
]

/** What carries no label and so crosses only when the ruleset lists it as unlabelled. */
export const NEVER_LABELLED: readonly Readonly<{ name: CatalogueName; unlabelled: UnlabelledName }>[] = [
  { name: 'presence', unlabelled: 'presence' },
  { name: 'discovery', unlabelled: 'discovery' },
  { name: 'errors', unlabelled: 'errors' },
]

const LABEL: Slot = { type: 'label' }

/** The forms in the order of the manual. Equal choices give equal forms. */
export function stanzaForms(choice: ProfileChoice): StanzaForm[] {
  const { on } = choice
  const { id } = choice.limits
  const forms: StanzaForm[] = []
  const add = (
    element: StanzaForm['element'],
    type: string | null,
    slots: readonly Slot[],
    absent = 'normal',
  ): void => {
    forms.push({
      form: `${element}-${type ?? absent}`,
      element,
      type,
      attributes: stanzaAttributes(type, id, element === 'iq'),
      slots,
      content: element === 'message',
    })
  }

  if (on.has('messages')) {
    for (const type of ['chat', null]) {
      add('message', type, messageSlots(choice, subject(choice.limits.subject), on.has('rooms')))
    }
  }
  if (on.has('rooms')) {
    const labelling = choice.unlabelled.has('empty-subject') ? 'unless-empty' : 'always'
    add('message', 'groupchat', messageSlots(choice, roomSubject(choice.limits.subject, labelling), false))
  }
  if (on.has('errors')) add('message', 'error', [exactlyOne(error)])

  if (on.has('presence')) {
    const rooms = on.has('rooms')
    const extensions = rooms ? [atMostOne(xep0045.join, xep0045.occupant)] : []
    add('presence', null, [atMostOne(show), atMostOne(priority), ...extensions], 'available')
    add('presence', 'unavailable', rooms ? [atMostOne(xep0045.occupant)] : [])
    add('presence', 'probe', [])
  }
  if (on.has('subscriptions')) {
    for (const type of ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed']) add('presence', type, [])
  }
  if (on.has('presence') && on.has('errors')) add('presence', 'error', [exactlyOne(error)])

  if (on.has('discovery')) {
    add('iq', 'get', [exactlyOne(xep0030.infoRequest, xep0030.itemsRequest)])
    add('iq', 'result', [exactlyOne(xep0030.infoAnswer(features(on)), xep0030.itemsAnswer)])
    if (on.has('errors')) add('iq', 'error', [exactlyOne(error)])
  }
  return forms
}

/** The children of a message in their order; `subjectRule` tells a room's subject from a user's. */
function messageSlots(choice: ProfileChoice, subjectRule: ElementRule, privateMessages: boolean): Slot[] {
  const { on, unlabelled, limits } = choice
  const unless = (name: UnlabelledName): Labelling => (unlabelled.has(name) ? 'never' : 'always')
  // Where no message crosses without a label, neither does one of these alone.
  const accompanying: Labelling =
    unlabelled.has('chat-states') || unlabelled.has('receipts') || unlabelled.has('empty-subject')
      ? 'never'
      : 'always'
  return [
    atMostOne(subjectRule),
    atMostOne(body(limits.body)),
    atMostOne(thread(limits.thread, accompanying)),
    ...(on.has('chat-states') ? [atMostOne(...xep0085.chatStates(unless('chat-states')))] : []),
    ...(on.has('receipts') ? [atMostOne(...xep0184.receipts(limits.id, unless('receipts')))] : []),
    ...(privateMessages ? [atMostOne(xep0045.privateMessage(accompanying))] : []),
    ...(on.has('delay') ? [atMostOne(xep0203.delay(accompanying))] : []),
    LABEL,
  ]
}

/** What an entity may say that it supports: what the profile lets through, and labels. */
function features(on: ReadonlySet<CatalogueName>): string[] {
  return [
    ...xep0030.features,
    ...xep0258.features,
    ...(on.has('rooms') ? xep0045.features : []),
    ...(on.has('chat-states') ? xep0085.features : []),
    ...(on.has('receipts') ? xep0184.features : []),
    ...(on.has('delay') ? xep0203.features : []),
  ].sort()
}
