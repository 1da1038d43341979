/**
 * What is said in the demo, and what must become of it.
 *
 * Expectations are written here by hand, not taken from the rules that are being shown: a rule turned round makes the demo fail.
 */
import type { LabelForm } from '../../rules/bundle/bundle.ts'
import type { Reason } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { type WrittenLabel, writeLabel } from './labels.ts'

export type Direction = 'acme-to-coalition' | 'coalition-to-acme'

export type Expected =
  /** Arrives, labelled so; `label` undefined: without a label. `marking` is what the guard's journal says of it. */
  | Readonly<{ kind: 'crosses'; label?: Readonly<{ form: LabelForm; text: string; marking: string }> }>
  /** The sender's edge answers with this error; nothing reaches the guard. */
  | Readonly<{ kind: 'error'; condition: string }>
  /** The sender's edge ends the stream with this error; nothing reaches the guard. */
  | Readonly<{ kind: 'stream error'; condition: string }>
  /** Both verifiers of the guard refuse it, inspect for this reason; verify may see something else first. */
  | Readonly<{ kind: 'guard refuses'; reason: Reason }>

export type Step = Readonly<{
  direction: Direction
  title: string
  id: string
  stanza: string
  expected: Expected
}>

const ALICE = 'alice@acme.example/desk'
const BOB = 'bob@coalition.example/ship'

const TO_HARBOUR = [{ tagSet: 'Releasable To', values: ['ACME', 'HARBOUR'] }] as const
const TO_ACME = [{ tagSet: 'Release', values: ['ACM', 'HARBOUR'] }] as const

const crosses = (form: LabelForm, text: string, marking: string): Expected => ({
  kind: 'crosses',
  label: { form, text, marking },
})
const UNLABELLED: Expected = { kind: 'crosses' }
const VIOLATION: Expected = { kind: 'error', condition: 'policy-violation' }

/** The conversation through working edges, in the order in which it is played. */
export function conversation(acme: Spif, harbour: Spif): Step[] {
  const high = speaker('acme-to-coalition', ALICE, BOB, acme)
  const low = speaker('coalition-to-acme', BOB, ALICE, harbour)
  const bomb =
    '<!DOCTYPE message [<!ENTITY a "ha ha ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
  return [
    high.presence(
      'Alice comes online; her status text stays at home',
      '<show>chat</show><status>in room 12</status>',
    ),
    low.presence('Bob comes online', ''),
    high.message('An engineering matter, labelled in ESS', 'The crane needs a new bearing.', {
      label: {
        form: 'ess-0258',
        classification: 'RESTRICTED',
        categories: [...TO_HARBOUR, { tagSet: 'Handling', values: ['ENGINEERING'] }],
      },
      expected: crosses(
        '4774-4778',
        'HARBOUR CONFIDENTIAL · Release: ACM, HARBOUR · Special Handling: TECHNICAL',
        'HARBOUR CONFIDENTIAL RELEASABLE TO ACM/HARBOUR HANDLE TECHNICAL',
      ),
    }),
    low.state('Bob is typing: no label, no content', 'composing'),
    low.message('The answer, labelled in STANAG 4774 bound by 4778', 'We bring one on Tuesday.', {
      label: { form: '4774-4778', classification: 'CONFIDENTIAL', categories: TO_ACME },
      expected: crosses(
        'ess-0258',
        'ACME RESTRICTED · Releasable To: ACME, HARBOUR',
        'ACME RESTRICTED REL TO ACME, HARBOUR',
      ),
    }),
    high.message('An exercise, labelled in STANAG 4774', 'EXERCISE EXERCISE EXERCISE: fire on pier 3.', {
      label: {
        form: '4774-0258',
        classification: 'OPEN',
        categories: [{ tagSet: 'Context', values: ['EXERCISE'] }],
      },
      expected: crosses(
        '4774-4778',
        'HARBOUR UNCLASSIFIED · Purpose: EXERCISE',
        'HARBOUR UNCLASSIFIED EXERCISE',
      ),
    }),
    low.message('A marking that lies: the label is LIMITED', 'Crew list to follow.', {
      label: { form: '4774-0258', classification: 'LIMITED', categories: TO_ACME, marking: 'PUBLIC' },
      expected: crosses(
        'ess-0258',
        'ACME INTERNAL · Releasable To: ACME, HARBOUR',
        'ACME INTERNAL REL TO ACME, HARBOUR',
      ),
    }),
    high.message('SECRET: it has an equivalent, but nobody listed it', 'Meet at the old mill.', {
      label: { form: 'ess-0258', classification: 'SECRET', categories: TO_HARBOUR, marking: 'OPEN' },
      expected: VIOLATION,
    }),
    high.message('RESTRICTED, but not releasable to the coalition', 'Budget is 3 million.', {
      label: { form: 'ess-0258', classification: 'RESTRICTED' },
      expected: VIOLATION,
    }),
    low.message('SECRET the other way', 'Sailing at four.', {
      label: { form: '4774-4778', classification: 'SECRET', categories: TO_ACME },
      expected: VIOLATION,
    }),
    high.message('No label at all', 'Just a quick one.', { expected: VIOLATION }),
    high.message('Two labels', 'Pick one.', {
      label: { form: 'ess-0258', classification: 'OPEN' },
      more: writeLabel(acme, { form: '4774-0258', classification: 'OPEN' }),
      expected: VIOLATION,
    }),
    high.message(
      'Text between the lines: zero-width characters',
      'All is\u200b\u200c\u200b\u200b\u200c well.',
      {
        label: { form: 'ess-0258', classification: 'OPEN' },
        expected: VIOLATION,
      },
    ),
    high.message('An extension that nobody reviewed', 'Nothing to see.', {
      label: { form: 'ess-0258', classification: 'OPEN' },
      more: "<freight xmlns='urn:example:smuggle'>41 4c 4c</freight>",
      expected: VIOLATION,
    }),
    high.raw('An entity bomb', `${bomb}<message><body>&c;</body></message>`, {
      kind: 'stream error',
      condition: 'restricted-xml',
    }),
  ]
}

/** What a subverted edge of ACME sends straight to the guard, past all rules of its own. */
export function attack(acme: Spif): Step[] {
  const edge = speaker('acme-to-coalition', ALICE, BOB, acme)
  const canonical = (id: string, inner: string, from = ALICE, type = 'chat') =>
    `<message xmlns="jabber:server" from="${from}" id="${id}" to="${BOB}" type="${type}">${inner}</message>`
  const label = (written: WrittenLabel) => writeLabel(acme, written)
  const open = label({ form: 'ess-0258', classification: 'OPEN' })
  const body = '<body>Harbour plan, page 1 of 40.</body>'
  const step = (title: string, make: (id: string) => string, reason: Reason) =>
    edge.octets(title, make, { kind: 'guard refuses', reason })
  return [
    edge.octets('An honest message first', (id) => canonical(id, `${body}${open}`), {
      kind: 'crosses',
      label: { form: '4774-4778', text: 'HARBOUR UNCLASSIFIED', marking: 'HARBOUR UNCLASSIFIED' },
    }),
    step(
      'The SECRET label that the edge would have stopped',
      (id) =>
        canonical(
          id,
          `${body}${label({ form: 'ess-0258', classification: 'SECRET', categories: TO_HARBOUR })}`,
        ),
      'label-unlisted',
    ),
    step('No label', (id) => canonical(id, body), 'label-missing'),
    step(
      'A forged display marking inside the label',
      (id) =>
        canonical(id, `${body}${label({ form: 'ess-0258', classification: 'OPEN', marking: 'PUBLIC' })}`),
      'label-malformed',
    ),
    step(
      'Words in the id, where nobody looks',
      () => canonical('harbour-plan-page-2', `${body}${open}`),
      'bad-attribute',
    ),
    step('A sender from the other side', (id) => canonical(id, `${body}${open}`, BOB), 'bad-from'),
    step(
      'A bit in a blank: <message  …>',
      (id) => canonical(id, `${body}${open}`).replace(' ', '  '),
      'not-canonical',
    ),
    step('A stanza behind the stanza', (id) => canonical(id, `${body}${open}`).repeat(2), 'not-well-formed'),
    step(
      'The entity bomb',
      (id) => `<!DOCTYPE message [<!ENTITY a "ha ha">]>${canonical(id, `<body>&a;</body>${open}`)}`,
      'not-well-formed',
    ),
    step(
      'A message of a type that nobody listed',
      (id) => canonical(id, `${body}${open}`, ALICE, 'headline'),
      'unknown-stanza',
    ),
  ]
}

let steps = 0

/** Writes stanzas as a server of one side would send them. */
function speaker(direction: Direction, from: string, to: string, spif: Spif) {
  const nextId = () => `demo-${(steps += 1)}`
  const octets = (title: string, make: (id: string) => string, expected: Expected): Step => {
    const id = nextId()
    return { direction, title, id, stanza: make(id), expected }
  }
  const chat = (id: string, inner: string) =>
    `<message from='${from}' to='${to}' id='${id}' type='chat' xml:lang='en'>${inner}</message>`
  return {
    octets,
    raw: (title: string, stanza: string, expected: Expected) => octets(title, () => stanza, expected),
    presence: (title: string, inner: string) =>
      octets(
        title,
        (id) => `<presence from='${from}' to='${to.split('/')[0]}' id='${id}'>${inner}</presence>`,
        UNLABELLED,
      ),
    state: (title: string, state: string) =>
      octets(
        title,
        (id) => chat(id, `<${state} xmlns='http://jabber.org/protocol/chatstates'/>`),
        UNLABELLED,
      ),
    message: (
      title: string,
      body: string,
      rest: Readonly<{ label?: WrittenLabel; more?: string; expected: Expected }>,
    ) => {
      const label = rest.label === undefined ? '' : writeLabel(spif, rest.label)
      return octets(title, (id) => chat(id, `<body>${body}</body>${label}${rest.more ?? ''}`), rest.expected)
    },
  }
}
