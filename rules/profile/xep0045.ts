/**
 * XEP-0045: joining a room (§7.2), what a room says of its occupants (§7.2.2), private messages (§7.5), invitations (§7.8.2)
 * and a room's notices (§10.2.1). Who was kicked or banned, and a change of nickname, stand in presence as numbers.
 */
import type { ElementRule, Labelling } from '../bundle/bundle.ts'
import {
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

/** An occupant, without real address, actor and reason; `nick` is the new nick of one who changes it (§7.6). */
export const occupant: ElementRule = elementRule(
  USER_NS,
  'x',
  [],
  children(
    setOf(
      MAX_ITEMS,
      elementRule(
        USER_NS,
        'item',
        [
          required('affiliation', oneOf(...AFFILIATIONS)),
          optional('nick', { type: 'resource' }),
          required('role', oneOf(...ROLES)),
        ],
        empty,
      ),
    ),
    setOf(
      STATUS_CODES.length,
      elementRule(USER_NS, 'status', [required('code', oneOf(...STATUS_CODES))], empty),
    ),
  ),
)

/** The mark of a private message between occupants (§7.5). */
export function privateMessage(labelling: Labelling): ElementRule {
  return elementRule(USER_NS, 'x', [], empty, labelling)
}

/**
 * The same, or an invitation that a room passes on, or its refusal (§7.8.2), without password; a reason obliges the
 * message to carry a label, and so does an invitation, which names people and a room.
 */
export function privateMessageOrInvitation(reasonMax: number, labelling: Labelling): ElementRule {
  const reason = elementRule(
    USER_NS,
    'reason',
    [],
    value({ type: 'text', max: reasonMax, lines: false }),
    'always',
  )
  const letters = ['decline', 'invite'].map((name) =>
    elementRule(
      USER_NS,
      name,
      ['from', 'to'].map((end) => optional(end, { type: 'address', side: 'either' })),
      children(atMostOne(reason)),
      'always',
    ),
  )
  return elementRule(USER_NS, 'x', [], children(atMostOne(...letters)), labelling)
}

/** What a room says of itself in a message: numbers only. */
export function notice(labelling: Labelling): ElementRule {
  const status = elementRule(USER_NS, 'status', [required('code', oneOf(...NOTICE_CODES))], empty, labelling)
  return elementRule(USER_NS, 'x', [], children(setOf(NOTICE_CODES.length, status)), labelling)
}
