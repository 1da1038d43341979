/** XEP-0045: joining a room (§7.2), what a room says of its occupants (§7.2.2), and private messages (§7.5). */
import type { ElementRule, Labelling } from '../bundle/bundle.ts'
import { children, elementRule, empty, oneOf, optional, required, setOf } from './element.ts'

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

/** A request to join (§7.2.1), without password and history. */
export const join: ElementRule = elementRule(MUC_NS, 'x', [], empty)

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
