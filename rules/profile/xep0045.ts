/**
 * XEP-0045: joining a room (§7.2), what a room says of its occupants (§7.2.2), private messages (§7.5), invitations (§7.8.2)
 * and a room's notices (§10.2.1). Who was kicked or banned, and a change of nickname, stand in presence as numbers.
 */
import type { AttributeRule, ElementRule, Labelling } from '../bundle/bundle.ts'
import type { TextLimits } from './catalogue.ts'
import {
  type AddressLimits,
  anyAddress,
  atMostOne,
  children,
  elementRule,
  empty,
  oneOf,
  optional,
  required,
  setOf,
  value,
} from './element.ts'

const MUC_NS = 'http://jabber.org/protocol/muc'
const USER_NS = 'http://jabber.org/protocol/muc#user'

/** §16.5: what a room tells of itself in discovery. */
export const features = [
  MUC_NS,
  'muc_hidden',
  'muc_membersonly',
  'muc_moderated',
  'muc_nonanonymous',
  'muc_open',
  'muc_passwordprotected',
  'muc_persistent',
  'muc_public',
  'muc_semianonymous',
  'muc_temporary',
  'muc_unmoderated',
  'muc_unsecured',
]

const AFFILIATIONS = ['admin', 'member', 'none', 'outcast', 'owner']
const ROLES = ['moderator', 'none', 'participant', 'visitor']

/** §15.6.2: those that stand in presence. */
const STATUS_CODES = ['100', '110', '170', '201', '210', '301', '303', '307', '321', '322', '332', '333']

/** One for each device with which an occupant is in the room; those that differ in their real address only are one. */
const MAX_ITEMS = 4

/** §15.6.2: those that stand in messages of the room itself. */
const NOTICE_CODES = ['100', '101', '102', '103', '104', '170', '171', '172', '173', '174']

const MAX_HISTORY = 1_000_000

/** How much history is wanted (§7.2.14). */
const history: ElementRule = elementRule(
  MUC_NS,
  'history',
  [
    ...['maxchars', 'maxstanzas', 'seconds'].map((name) =>
      optional(name, { type: 'integer', min: 0, max: MAX_HISTORY }),
    ),
    optional('since', { type: 'date' }),
  ],
  empty,
)

/** A request to join (§7.2.1), without password; `withHistory`: it may say how much history is wanted. */
export function join(withHistory: boolean): ElementRule {
  return elementRule(MUC_NS, 'x', [], withHistory ? children(atMostOne(history)) : empty)
}

function presenceOf(items: number, nick: readonly AttributeRule[]): ElementRule {
  const item = elementRule(
    USER_NS,
    'item',
    [required('affiliation', oneOf(...AFFILIATIONS)), ...nick, required('role', oneOf(...ROLES))],
    empty,
  )
  const status = elementRule(USER_NS, 'status', [required('code', oneOf(...STATUS_CODES))], empty)
  return elementRule(USER_NS, 'x', [], children(setOf(items, item), setOf(STATUS_CODES.length, status)))
}

/** An occupant, without real address, actor and reason. */
export const occupant: ElementRule = presenceOf(MAX_ITEMS, [])

/** One who leaves, or takes another nick (§7.6): that nick stands here, once, and is a resource. */
export function leaving({ resource }: AddressLimits): ElementRule {
  return presenceOf(1, [optional('nick', { type: 'resource', max: resource })])
}

/** The mark of a private message between occupants (§7.5). It goes with a message, and crosses with its label or not at all. */
export const privateMessage: ElementRule = elementRule(USER_NS, 'x', [], empty, 'always')

/**
 * The same, or an invitation that a room passes on, or its refusal (§7.8.2), without password; a reason obliges the
 * message to carry a label, and so does an invitation, which names people and a room.
 */
export function privateMessageOrInvitation(limits: TextLimits): ElementRule {
  const reason = elementRule(
    USER_NS,
    'reason',
    [],
    value({ type: 'text', max: limits.subject, lines: false }),
    'always',
  )
  const letters = ['decline', 'invite'].map((name) =>
    elementRule(
      USER_NS,
      name,
      ['from', 'to'].map((end) => optional(end, anyAddress('either', limits))),
      children(atMostOne(reason)),
      'always',
    ),
  )
  return elementRule(USER_NS, 'x', [], children(atMostOne(...letters)), 'always')
}

/** What a room says of itself in a message: numbers only. */
export function notice(labelling: Labelling): ElementRule {
  const status = elementRule(USER_NS, 'status', [required('code', oneOf(...NOTICE_CODES))], empty, labelling)
  return elementRule(USER_NS, 'x', [], children(setOf(NOTICE_CODES.length, status)), labelling)
}
