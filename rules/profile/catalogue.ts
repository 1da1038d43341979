/**
 * What a ruleset may switch on. Each name stands for what one or two standards define, in a closed form of its own:
 * doc/profile.md is the table. What has no name here cannot be switched on.
 */

/** The catalogue, in the order of the manual; the text says what crosses when the name is switched on. */
export const CATALOGUE = {
  messages: 'messages of one user to another, chat and normal, with subject, body and thread (RFC 6121 §5)',
  presence: 'available, unavailable and probe, with show and priority, never status text (RFC 6121 §4)',
  subscriptions: 'requests to see a user’s presence, and the answers (RFC 6121 §3)',
  errors: 'errors as a bare condition, without text (RFC 6120 §8.3)',
  discovery: 'which entities there are and what they support, from closed lists (XEP-0030)',
  rooms: 'groupchat messages, joining and leaving rooms, occupants without their real addresses (XEP-0045)',
  'chat-states': 'whether the other side is typing (XEP-0085)',
  receipts: 'that a message has arrived (XEP-0184)',
  delay: 'when a message of a room’s history was sent (XEP-0203)',
} as const

export type CatalogueName = keyof typeof CATALOGUE

/** What may cross without a security label, when the ruleset says so; a body or a subject with text never may. */
export const UNLABELLED = {
  presence: 'presence and subscriptions, which carry no label',
  discovery: 'discovery, which carries no label',
  errors: 'errors, which carry no label',
  'chat-states': 'messages with nothing but a chat state',
  receipts: 'messages with nothing but a receipt',
  'empty-subject': 'the empty subject that ends a room join',
} as const

export type UnlabelledName = keyof typeof UNLABELLED

/** Greatest lengths: code points of body and subject, characters of identifiers. */
export type TextLimits = Readonly<{ body: number; subject: number; thread: number; id: number }>

/** What a ruleset chose. */
export type ProfileChoice = Readonly<{
  on: ReadonlySet<CatalogueName>
  unlabelled: ReadonlySet<UnlabelledName>
  limits: TextLimits
}>
