/**
 * Bundles for tests of the edge: the product's own profile and strip lists, and a few rows written by hand under the
 * policies of ../shared/conformance/stanzas/policy.json.
 */
import type { Bundle, InputTemplate, LabelForm, LabelRow, OutputTemplate } from '../../rules/bundle/bundle.ts'
import { readWireLabel } from '../../rules/label/wire.ts'
import {
  type CatalogueName,
  PRESETS,
  UNLABELLED,
  type UnlabelledName,
} from '../../rules/profile/catalogue.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'
import type { IdentifierKind } from '../../rules/profile/identifiers.ts'
import { STRIP, type StripGroup } from '../../rules/profile/strip.ts'
import { refused } from '../../rules/reasons.ts'
import { child } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'

const LABEL_NS = 'urn:xmpp:sec-label:0'
const NATO_NS = 'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'

/** Base64 of ACME labels (OID 1.2.3.4): classification alone. */
const ACME = { RESTRICTED: 'MQgCAQIGAyoDBA==', SECRET: 'MQgCAQQGAyoDBA==' } as const

type Template = (string | { hole: 'creation' | 'review' })[]

function essTemplate(base64: string): Template {
  return [
    `<securitylabel xmlns="${LABEL_NS}"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel></label></securitylabel>`,
  ]
}

function natoTemplate(classification: string, category = ''): Template {
  return [
    `<securitylabel xmlns="${LABEL_NS}"><label><originatorConfidentialityLabel xmlns="${NATO_NS}" ReviewDateTime="`,
    { hole: 'review' },
    `"><ConfidentialityInformation><PolicyIdentifier URI="urn:oid:1.3.6.1.4.1.31778.102.25">CWIX25</PolicyIdentifier><Classification>${classification}</Classification>${category}</ConfidentialityInformation><CreationDateTime>`,
    { hole: 'creation' },
    '</CreationDateTime></originatorConfidentialityLabel></label></securitylabel>',
  ]
}

const AUS =
  '<Category TagName="Releasable To" Type="PERMISSIVE" URI="urn:oid:1.3.6.1.4.1.31778.103.15"><GenericValue>AUS</GenericValue></Category>'

function row(name: string, form: LabelForm, template: Template, marking: string): LabelRow {
  const spelled = template
    .map((part) =>
      typeof part === 'string'
        ? part
        : part.hole === 'creation'
          ? '2025-04-18T09:27:52Z'
          : '2034-04-18T09:26:56Z',
    )
    .join('')
  const stanza = parseStanza(Buffer.from(`<message xmlns="jabber:server">${spelled}</message>`), {
    stanzaBytes: 65_536,
    depth: 20,
  })
  if (refused(stanza)) throw new Error(`row ${name}: ${stanza.refused}`)
  const label = readWireLabel(child(stanza, LABEL_NS, 'securitylabel')!)
  if (refused(label)) throw new Error(`row ${name}: ${label.refused}`)
  const output = template.map((part) =>
    typeof part === 'string'
      ? part.replace('<label>', `<displaymarking>${marking}</displaymarking><label>`)
      : part,
  )
  return {
    name,
    input: { form, value: label.value, marking, template: template as InputTemplate },
    output: { form, marking, template: output as OutputTemplate },
  }
}

const ROWS: readonly LabelRow[] = [
  row('acme-restricted', 'ess-0258', essTemplate(ACME.RESTRICTED), 'ACME RESTRICTED'),
  row('acme-secret', 'ess-0258', essTemplate(ACME.SECRET), 'ACME SECRET'),
  row('cwix-unclassified', '4774-0258', natoTemplate('UNCLASSIFIED'), 'CWIX25 UNCLASSIFIED'),
  row('cwix-restricted', '4774-0258', natoTemplate('RESTRICTED'), 'CWIX25 RESTRICTED'),
  row('cwix-secret', '4774-0258', natoTemplate('SECRET'), 'CWIX25 SECRET'),
  row('cwix-secret-aus', '4774-0258', natoTemplate('SECRET', AUS), 'CWIX25 SECRET Releasable To AUS'),
]

/** A label element as a client writes it, in ACME SECRET unless told otherwise. */
export function essLabel(base64: string = ACME.SECRET): string {
  return `<securitylabel xmlns='${LABEL_NS}'><displaymarking fgcolor='black' bgcolor='red'>whatever</displaymarking><label><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>${base64}</esssecuritylabel></label></securitylabel>`
}

function side(name: string): Bundle['from'] {
  return {
    name,
    domains: [
      { name: `${name}.example`, kind: 'im' },
      { name: `conference.${name}.example`, kind: 'rooms' },
    ],
  }
}

/** A bundle from one side to the other with the preset for chat with rooms switched on, markers and corrections too when identifiers are numbered. */
export function testBundle(from: string, to: string, identifiers: IdentifierKind = 'foreign'): Bundle {
  const more: readonly CatalogueName[] = identifiers === 'numbered' ? ['markers', 'corrections'] : []
  const groups = Object.entries<StripGroup>(STRIP)
    .filter(([name]) => !more.includes(name as CatalogueName))
    .map(([, group]) => group)
  return {
    format: 'sallyport-bundle-1',
    name: `${from}-to-${to}`,
    version: 1,
    unicode: process.versions['unicode']!,
    from: side(from),
    to: side(to),
    limits: { stanzaBytes: 65_536, depth: 14, rate: 100_000, burst: 10_000 },
    forms: stanzaForms({
      on: new Set([...PRESETS['chat-with-rooms'], ...more]),
      unlabelled: new Set(Object.keys(UNLABELLED) as UnlabelledName[]),
      limits: { body: 16_384, subject: 1024, thread: 64, id: 64, local: 64, resource: 128, items: 32 },
      identifiers,
      languages: ['de', 'de-CH', 'en', 'en-US', 'zh-Hans-CN'],
    }),
    labels: {
      windows: {
        creationPast: 10 * 366 * 86_400,
        creationFuture: 300,
        reviewAfterCreation: 20 * 366 * 86_400,
      },
      rows: ROWS,
    },
    edge: {
      strip: groups.flatMap((group) => group.elements ?? []),
      stripInside: groups.flatMap((group) => group.inside ?? []),
      stripAttributes: groups.flatMap((group) => group.attributes ?? []),
    },
    sources: [],
  }
}
