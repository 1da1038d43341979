/**
 * What a ruleset may switch on. Each name stands for what one or two standards define, in a closed form of its own:
 * doc/profile.md is the table. What has no name here cannot be switched on: wrappers (XEP-0280, 0297, 0313),
 * publish-subscribe, encrypted payloads, room configuration and moderation, file transfer.
 */
import type { IdentifierKind } from './identifiers.ts'

/** The catalogue, in the order of the manual; the text says what crosses when the name is switched on. */
export const CATALOGUE = {
  messages: 'messages of one user to another, chat and normal, with subject, body and thread (RFC 6121 §5)',
  headlines: 'messages of type headline, with subject and body (RFC 6121 §5.2.2)',
  presence: 'available, unavailable and probe, with show and priority, never status text (RFC 6121 §4)',
  'status-text': 'the free text of presence, under a label (RFC 6121 §4.7.2.2)',
  subscriptions: 'requests to see a user’s presence, and the answers (RFC 6121 §3)',
  errors: 'errors as a bare condition, without text (RFC 6120 §8.3)',
  discovery: 'which entities there are and what they support, from closed lists (XEP-0030)',
  paging: 'lists of discovery in pages (XEP-0059)',
  'room-info': 'what a room tells of itself in numbers and switches (XEP-0004, XEP-0128)',
  capabilities: 'a hash of what a client supports, and questions after what is behind it (XEP-0115)',
  rooms: 'groupchat messages, joining and leaving rooms, occupants without their real addresses (XEP-0045)',
  'join-history': 'how much of a room’s history is wanted on joining (XEP-0045 §7.2.14)',
  invitations: 'invitations through a room and their refusal, with a reason, under a label (XEP-0045 §7.8.2)',
  'direct-invitations': 'invitations to a room from one user to another, under a label (XEP-0249)',
  hats: 'what an occupant is in a room as, under a label (XEP-0317)',
  'chat-states': 'whether the other side is typing (XEP-0085)',
  receipts: 'that a message has arrived (XEP-0184)',
  markers: 'that a message has come or has been read (XEP-0333)',
  corrections: 'that a message corrects an earlier one (XEP-0308)',
  delay: 'when a message of a room’s history was sent (XEP-0203)',
  nicknames: 'the name by which a user wants to be called, under a label (XEP-0172)',
  links: 'a link beside a message, as to an uploaded file, under a label (XEP-0066, XEP-0363)',
  ping: 'whether an entity answers, one’s own place in a room too (XEP-0199, XEP-0410)',
  time: 'the time at an entity (XEP-0202)',
  'software-version': 'name and version of somebody’s software, the answer under a label (XEP-0092)',
  vcards: 'a user’s names and organisation, the answer under a label (XEP-0054)',
} as const

export type CatalogueName = keyof typeof CATALOGUE

/** What may cross without a security label, when the ruleset says so; text that people write never may. */
export const UNLABELLED = {
  presence: 'presence and subscriptions, which carry no label but for the text in them',
  discovery: 'discovery, which carries no label',
  errors: 'errors, which carry no label',
  'chat-states': 'messages with nothing but a chat state',
  receipts: 'messages with nothing but a receipt',
  markers: 'messages with nothing but a chat marker',
  'empty-subject': 'the empty subject that ends a room join',
  'room-notices': 'messages with nothing but numbers that tell how a room was set up',
  ping: 'pings and their empty answers',
  time: 'questions after the time, and the answers',
  'software-version': 'questions after a software’s version; the answers carry a label',
  vcards: 'questions after a vCard; the answers carry a label',
} as const

export type UnlabelledName = keyof typeof UNLABELLED

/** What each catalogue entry needs of the others; what needs is listed before what it needs, where that needs something too. */
export const NEEDS: readonly Readonly<{ name: CatalogueName; needs: CatalogueName }>[] = [
  { name: 'join-history', needs: 'rooms' },
  { name: 'invitations', needs: 'messages' },
  { name: 'invitations', needs: 'rooms' },
  { name: 'hats', needs: 'rooms' },
  { name: 'rooms', needs: 'presence' },
  { name: 'status-text', needs: 'presence' },
  { name: 'subscriptions', needs: 'presence' },
  { name: 'capabilities', needs: 'presence' },
  { name: 'paging', needs: 'discovery' },
  { name: 'room-info', needs: 'discovery' },
  { name: 'headlines', needs: 'messages' },
  { name: 'direct-invitations', needs: 'messages' },
  { name: 'markers', needs: 'messages' },
  { name: 'corrections', needs: 'messages' },
  { name: 'nicknames', needs: 'messages' },
  { name: 'links', needs: 'messages' },
]

/** What carries no label and so crosses only when the ruleset lists it as unlabelled. */
export const NEVER_LABELLED: readonly Readonly<{ name: CatalogueName; unlabelled: UnlabelledName }>[] = [
  { name: 'presence', unlabelled: 'presence' },
  { name: 'discovery', unlabelled: 'discovery' },
  { name: 'errors', unlabelled: 'errors' },
  { name: 'ping', unlabelled: 'ping' },
  { name: 'time', unlabelled: 'time' },
  { name: 'software-version', unlabelled: 'software-version' },
  { name: 'vcards', unlabelled: 'vcards' },
]

/** The switch that an unlabelled name is about. */
export function switchOf(name: UnlabelledName): CatalogueName {
  return name === 'empty-subject' || name === 'room-notices' ? 'rooms' : name
}

const MINIMAL: readonly CatalogueName[] = ['messages']
const ROOMS: readonly CatalogueName[] = [
  ...MINIMAL,
  ...([
    'presence',
    'subscriptions',
    'errors',
    'discovery',
    'rooms',
    'chat-states',
    'receipts',
    'delay',
  ] as const),
]

/**
 * Switches under one name. FMN Spiral 4 is given as far as there is a catalogue for it: left out are XEP-0012, 0047, 0055,
 * 0060, 0068, 0220, 0313 and 0346; XEP-0106, 0114 and 0160 have no form of their own between servers.
 */
export const PRESETS = {
  'minimal-chat': MINIMAL,
  'chat-with-rooms': ROOMS,
  'fmn-spiral-4': [
    ...ROOMS.filter((name) => name !== 'chat-states' && name !== 'receipts'),
    ...([
      'paging',
      'room-info',
      'capabilities',
      'join-history',
      'ping',
      'time',
      'software-version',
      'vcards',
    ] as const),
  ],
} as const satisfies Readonly<Record<string, readonly CatalogueName[]>>

export type PresetName = keyof typeof PRESETS

/** Greatest lengths: code points of body, subject and parts of addresses, characters of identifiers; and items of a discovery answer. */
export type TextLimits = Readonly<{
  body: number
  subject: number
  thread: number
  id: number
  local: number
  resource: number
  items: number
}>

/** What a ruleset chose. */
export type ProfileChoice = Readonly<{
  on: ReadonlySet<CatalogueName>
  unlabelled: ReadonlySet<UnlabelledName>
  limits: TextLimits
  identifiers: IdentifierKind
  /** Language tags that a stanza may name. */
  languages: readonly string[]
}>
