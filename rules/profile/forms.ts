/**
 * The forms of stanzas that a ruleset admits: the catalogue put together as the ruleset chose.
 *
 * The order of children here is the canonical order. Nothing is admitted that is not written here.
 */
import type { ElementRule, Labelling, Slot, StanzaForm, ValueRule } from '../bundle/bundle.ts'
import type { CatalogueName, ProfileChoice, TextLimits, UnlabelledName } from './catalogue.ts'
import { atMostOne, exactlyOne } from './element.ts'
import { type IdentifierRules, identifierRules } from './identifiers.ts'
import { error, stanzaAttributes } from './rfc6120.ts'
import { body, priority, roomSubject, show, status, subject, thread } from './rfc6121.ts'
import * as xep0030 from './xep0030.ts'
import * as xep0045 from './xep0045.ts'
import * as xep0054 from './xep0054.ts'
import * as xep0059 from './xep0059.ts'
import * as xep0066 from './xep0066.ts'
import * as xep0085 from './xep0085.ts'
import * as xep0092 from './xep0092.ts'
import * as xep0115 from './xep0115.ts'
import { roomInformation } from './xep0128.ts'
import { nickname } from './xep0172.ts'
import * as xep0184 from './xep0184.ts'
import * as xep0199 from './xep0199.ts'
import * as xep0202 from './xep0202.ts'
import * as xep0203 from './xep0203.ts'
import * as xep0249 from './xep0249.ts'
import * as xep0258 from './xep0258.ts'
import * as xep0308 from './xep0308.ts'
import * as xep0317 from './xep0317.ts'
import * as xep0333 from './xep0333.ts'

const LABEL: Slot = { type: 'label' }

/** The forms in the order of the manual. Equal choices give equal forms. */
export function stanzaForms(choice: ProfileChoice): StanzaForm[] {
  const { on, limits } = choice
  const ids = identifierRules(choice.identifiers, limits.id)
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
      attributes: stanzaAttributes(type, choice, {
        required: ids.always || element === 'iq',
        value: identifierOf(element, type, ids),
      }),
      slots,
      content: element === 'message',
    })
  }

  if (on.has('messages')) {
    for (const type of ['chat', null]) add('message', type, messageSlots(choice, ids, 'user'))
  }
  if (on.has('rooms')) add('message', 'groupchat', messageSlots(choice, ids, 'room'))
  if (on.has('headlines')) {
    add('message', 'headline', [atMostOne(subject(limits.subject)), atMostOne(body(limits.body)), LABEL])
  }
  if (on.has('errors')) add('message', 'error', [exactlyOne(error)])

  if (on.has('presence')) {
    add('presence', null, presenceSlots(choice, 'available'), 'available')
    add('presence', 'unavailable', presenceSlots(choice, 'unavailable'))
    add('presence', 'probe', [])
  }
  if (on.has('subscriptions')) {
    add('presence', 'subscribe', presenceSlots(choice, 'subscribe'))
    for (const type of ['subscribed', 'unsubscribe', 'unsubscribed']) add('presence', type, [])
  }
  if (on.has('presence') && on.has('errors')) add('presence', 'error', [exactlyOne(error)])

  const { requests, answers, emptyAnswer, labelled } = queries(choice)
  if (requests.length > 0) {
    add('iq', 'get', [exactlyOne(...requests)])
    add('iq', 'result', [
      ...(answers.length === 0 ? [] : [emptyAnswer ? atMostOne(...answers) : exactlyOne(...answers)]),
      ...(labelled ? [LABEL] : []),
    ])
    if (on.has('errors')) add('iq', 'error', [exactlyOne(error)])
  }
  return forms
}

/** Errors and results answer a stanza; a room gives back what was said to it, and how one joined. */
function identifierOf(element: StanzaForm['element'], type: string | null, ids: IdentifierRules): ValueRule {
  if (type === 'error' || type === 'result') return ids.answer
  const reflected =
    element === 'message'
      ? type === 'groupchat'
      : element === 'presence' && (type ?? 'unavailable') === 'unavailable'
  return reflected ? ids.ownOrEcho : ids.own
}

/** The children of a message in their order. */
function messageSlots(
  { on, unlabelled, limits }: ProfileChoice,
  ids: IdentifierRules,
  kind: 'user' | 'room',
): Slot[] {
  const unless = (name: UnlabelledName): Labelling => (unlabelled.has(name) ? 'never' : 'always')
  const when = (name: CatalogueName, ...of: readonly ElementRule[]): Slot[] =>
    on.has(name) ? [atMostOne(...of)] : []
  const emptySubject = unlabelled.has('empty-subject') ? 'unless-empty' : 'always'
  const user = kind === 'user'
  return [
    atMostOne(user ? subject(limits.subject) : roomSubject(limits.subject, emptySubject)),
    atMostOne(body(limits.body)),
    atMostOne(thread(limits.thread)),
    ...(user ? when('nicknames', nickname) : []),
    ...when('chat-states', ...xep0085.chatStates(unless('chat-states'))),
    ...when('receipts', ...xep0184.receipts(ids.answer, unless('receipts'))),
    ...when('markers', ...xep0333.markers(ids.answer, unless('markers'))),
    ...when('corrections', xep0308.correction(ids.earlier)),
    ...when('links', xep0066.link(limits.subject)),
    ...when('rooms', user ? fromOccupant(on, limits) : xep0045.notice(unless('room-notices'))),
    ...(user ? when('direct-invitations', xep0249.directInvitation(limits)) : []),
    ...when('delay', xep0203.delay(limits)),
    LABEL,
  ]
}

function fromOccupant(on: ProfileChoice['on'], limits: TextLimits): ElementRule {
  return on.has('invitations') ? xep0045.privateMessageOrInvitation(limits) : xep0045.privateMessage
}

/** The children of presence in their order. A label stands where there may be words. */
function presenceSlots(
  { on, limits }: ProfileChoice,
  type: 'available' | 'unavailable' | 'subscribe',
): Slot[] {
  const when = (name: CatalogueName, ...of: readonly ElementRule[]): Slot[] =>
    on.has(name) ? [atMostOne(...of)] : []
  const label = (...names: readonly CatalogueName[]): Slot[] =>
    names.some((name) => on.has(name)) ? [LABEL] : []
  const words = when('status-text', status(limits.subject))
  switch (type) {
    case 'available':
      return [
        atMostOne(show),
        ...words,
        atMostOne(priority),
        ...when('capabilities', xep0115.capabilities),
        ...when('rooms', xep0045.join(on.has('join-history')), xep0045.occupant),
        ...when('hats', xep0317.hats),
        ...label('status-text', 'hats'),
      ]
    case 'unavailable':
      return [...words, ...when('rooms', xep0045.leaving(limits)), ...label('status-text')]
    case 'subscribe':
      return [...words, ...when('nicknames', nickname), ...label('status-text', 'nicknames')]
  }
}

/** What may be asked and answered; `emptyAnswer`: an answer may hold nothing; `labelled`: one may hold words. */
function queries({ on, limits, languages }: ProfileChoice): Readonly<{
  requests: readonly ElementRule[]
  answers: readonly ElementRule[]
  emptyAnswer: boolean
  labelled: boolean
}> {
  const requests: ElementRule[] = []
  const answers: ElementRule[] = []
  if (on.has('discovery')) {
    const node = nodes(on)
    const paging = on.has('paging')
    requests.push(
      xep0030.infoRequest(node),
      xep0030.itemsRequest(node, paging ? xep0059.pageRequest : undefined),
    )
    answers.push(
      xep0030.infoAnswer(features(on), node, on.has('room-info') ? roomInformation(languages) : undefined),
      xep0030.itemsAnswer(limits, node, paging ? xep0059.pageAnswer : undefined),
    )
  }
  if (on.has('ping')) requests.push(xep0199.ping)
  if (on.has('time')) {
    requests.push(xep0202.timeRequest)
    answers.push(xep0202.timeAnswer)
  }
  if (on.has('software-version')) {
    requests.push(xep0092.versionRequest)
    answers.push(xep0092.versionAnswer)
  }
  if (on.has('vcards')) {
    requests.push(xep0054.vCardRequest)
    answers.push(xep0054.vCardAnswer(limits))
  }
  return {
    requests,
    answers,
    emptyAnswer: on.has('ping'),
    labelled: on.has('software-version') || on.has('vcards'),
  }
}

/** The nodes that discovery may name. */
function nodes(on: ProfileChoice['on']): ValueRule | undefined {
  if (on.has('capabilities')) return { type: 'identifier', max: xep0115.MAX_ASKED }
  return on.has('rooms') ? xep0030.ROOM_NODES : undefined
}

/** What an entity may say that it supports: what the profile lets through, and labels. */
function features(on: ReadonlySet<CatalogueName>): string[] {
  const of = (name: CatalogueName, list: readonly string[]): readonly string[] => (on.has(name) ? list : [])
  return [
    ...xep0030.features,
    ...xep0258.features,
    ...of('paging', xep0059.features),
    ...of('capabilities', xep0115.features),
    ...of('rooms', xep0045.features),
    ...of('direct-invitations', xep0249.features),
    ...of('hats', xep0317.features),
    ...of('chat-states', xep0085.features),
    ...of('receipts', xep0184.features),
    ...of('markers', xep0333.features),
    ...of('corrections', xep0308.features),
    ...of('delay', xep0203.features),
    ...of('links', xep0066.features),
    ...of('ping', xep0199.features),
    ...of('time', xep0202.features),
    ...of('software-version', xep0092.features),
    ...of('vcards', xep0054.features),
  ].sort()
}
