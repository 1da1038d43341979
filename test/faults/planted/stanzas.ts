/** Stanzas of the example ruleset acme-to-coalition, with pairs, in canonical form, from which the hostile ones are made by hand. */

const FROM = 'alice@acme.example/desk'
const TO = 'bob@coalition.example'

type Ends = Readonly<{ from?: string; to?: string }>

/** Stands in the id of a stanza for its number, which is not known before it is sent. */
const NUMBER = '{number}'
const OWN = `o${NUMBER}`

/** The stanza with another id. */
export const named = (stanza: string, id: string): string => stanza.replace(`id="${OWN}"`, `id="${id}"`)

/** The octets of a stanza in the frame of that number. */
export function framed(stanza: string | Uint8Array, number: string): Buffer {
  const octets = Buffer.from(stanza as string).toString('latin1')
  return Buffer.from(octets.replaceAll(NUMBER, number), 'latin1')
}

/** A chat message around its children. */
export const chat = (inside: string, { from = FROM, to = TO }: Ends = {}): string =>
  `<message xmlns="jabber:server" from="${from}" id="${OWN}" to="${to}" type="chat">${inside}</message>`

export const presence = (inside: string, { from = FROM, to = TO }: Ends = {}): string =>
  `<presence xmlns="jabber:server" from="${from}" id="${OWN}" to="${to}">${inside}</presence>`

/** A result of service discovery, around what is in its query. */
export const discovery = (inside: string): string =>
  `<iq xmlns="jabber:server" from="acme.example" id="r0.1" to="${TO}" type="result"><query xmlns="http://jabber.org/protocol/disco#info">${inside}</query></iq>`

export const stanzaError = (inside: string): string =>
  `<iq xmlns="jabber:server" from="acme.example" id="r0.1" to="${TO}" type="error"><error type="cancel">${inside}</error></iq>`

/** A receipt for the message with that id. */
export const receipt = (id: string): string =>
  chat(`<received xmlns="urn:xmpp:receipts" id="${id}"></received>`)

export const body = (text: string): string => `<body>${text}</body>`

const securityLabel = (inside: string): string =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><label>${inside}</label></securitylabel>`

/** An ESS label of these base64 characters. */
export const base64Label = (base64: string): string =>
  securityLabel(`<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel>`)

/** An ESS label of these octets, in hexadecimal with blanks: SET { INTEGER classification, OID policy … }. */
export const essLabel = (hex: string): string =>
  base64Label(Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('base64'))

/** Two ESS labels of these octets, the second as the equivalent of the first. */
export const essPair = (first: string, second: string): string => {
  const [payload] = /<esssecuritylabel.*<\/esssecuritylabel>/.exec(essLabel(second))!
  return essLabel(first).replace('</label>', `</label><equivalentlabel>${payload}</equivalentlabel>`)
}

const information = (
  root: string,
  policy: string,
  inside: string,
  creation: string,
  review: string,
): string =>
  `<${root}ConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" ReviewDateTime="${review}"><ConfidentialityInformation>${policy}${inside}</ConfidentialityInformation><CreationDateTime>${creation}</CreationDateTime></${root}ConfidentialityLabel>`

const ACME = '<PolicyIdentifier URI="urn:oid:2.999.1">ACME</PolicyIdentifier>'
const HARBOUR = '<PolicyIdentifier URI="urn:oid:2.999.2">HARBOUR</PolicyIdentifier>'
const level = (name: string): string => `<Classification>${name}</Classification>`

/** A label of STANAG 4774 under the ACME policy. */
export const label4774 = (
  classification: string,
  categories: string,
  creation: string,
  review: string,
): string =>
  securityLabel(information('originator', ACME, level(classification) + categories, creation, review))

/** UNCLASSIFIED of HARBOUR, made today, and beside it a label of ACME as its alternative. */
export const pair4774 = (classification: string, creation: string, review: string): string =>
  securityLabel(information('originator', HARBOUR, level('UNCLASSIFIED'), TODAY, NEXT_YEAR)).replace(
    '</label>',
    `</label><equivalentlabel>${information('alternative', ACME, level(classification), creation, review)}</equivalentlabel>`,
  )

/** The category Releasable To with two values. */
export const releasableTo = (first: string, second: string): string =>
  `<Category TagName="Releasable To" Type="PERMISSIVE" URI="urn:oid:2.999.1.1"><GenericValue>${first}</GenericValue><GenericValue>${second}</GenericValue></Category>`

/** Labels that the ruleset lists: OPEN; RESTRICTED, RELEASABLE TO ACME/HARBOUR. */
export const OPEN = essLabel('3108 020101 0603883701')
export const RESTRICTED = essLabel(
  '312a 020103 0603883701 3120 301e 800a60864801650201080301 a110 300e 060488370101 3106 02010a 020114',
)
/** One that it does not list: SECRET. */
export const SECRET = essLabel('3108 020104 0603883701')
/** In pairs, as octets: OPEN and SECRET, and what OPEN is to the coalition. */
export const ESS = {
  open: '3108 020101 0603883701',
  secret: '3108 020104 0603883701',
  unclassified: '3108 020101 0603883702',
  limited: '3108 020102 0603883702',
} as const

/** A date of which the ruleset's windows admit creations, and one a year later. */
export const TODAY = dateAfter(0)
export const NEXT_YEAR = dateAfter(360)

function dateAfter(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`
}

/** A stanza with octets of its own: each character below U+0100 is one. */
export const latin1 = (stanza: string): Uint8Array => Buffer.from(stanza, 'latin1')
