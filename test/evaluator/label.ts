/**
 * Labels as the second evaluator writes them: ESS (RFC 2634 §3.2 with the categories of ACP-145(A)) in DER, STANAG 4774, and around both
 * XEP-0258 or the binding of STANAG 4778, with room for a second label. `#C` and `#R` stand where the dates of creation and review stand.
 */
import type { Class, Policy, Tag, Value } from './policy.ts'

export type Category = Readonly<{ tag: Tag; value: Value }>
export type Label = Readonly<{ policy: Policy; level: Class; categories: readonly Category[] }>

/** One label, or two of which the second stands behind `+` in the name of the form. */
export function writeLabel(labels: readonly Label[], form: string, marking = ''): string {
  const [carrier = '', second] = form.split('+')
  if (labels.length !== (second === undefined ? 1 : 2)) throw new Error(`${labels.length} labels as ${form}`)
  const root = (index: number) => (index === 1 && second === 'alternative' ? 'alternative' : 'originator')
  const known = [
    ...['ess-0258', '4774-0258', '4774-4778', 'ess-0258+equivalentlabel', '4774-0258+equivalentlabel'],
    ...['4774-0258+alternative', '4774-4778+alternative'],
  ]
  if (!known.includes(form)) throw new Error(`the evaluator does not know the form ${form}`)
  if (carrier === '4774-4778') {
    return (
      '<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"><BindingDataObject>' +
      '<BindingInformation xmlns="urn:nato:stanag:4778:bindinginformation:1:0"><MetadataBindingContainer><MetadataBinding>' +
      labels.map((label, index) => `<Metadata>${stanag4774(label, root(index))}</Metadata>`).join('') +
      '<DataReference URI=""></DataReference></MetadataBinding>' +
      '</MetadataBindingContainer></BindingInformation></BindingDataObject></BindingData>'
    )
  }
  const payloads = labels.map((label, index) => {
    if (carrier === '4774-0258') return stanag4774(label, root(index))
    const base64 = Buffer.from(ess(label)).toString('base64')
    return `<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel>`
  })
  const behind = payloads.slice(1).map((payload) => `<equivalentlabel>${payload}</equivalentlabel>`)
  return `<securitylabel xmlns="urn:xmpp:sec-label:0">${marking}<label>${payloads[0]}</label>${behind.join('')}</securitylabel>`
}

/** The displaymarking of XEP-0258 §3. */
export function displayMarking(label: Label, language: string): string {
  const colour = label.level.colour
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b
  const onBlack = (light + 0.05) / 0.05
  const onWhite = 1.05 / (light + 0.05)
  const text = escaped(markingText(label, language))
  return `<displaymarking bgcolor="${colour}" fgcolor="${onBlack > onWhite ? '#000000' : '#ffffff'}">${text}</displaymarking>`
}

/** Policy, class, then each tag: prefix and values. */
export function markingText({ policy, level, categories }: Label, language: string): string {
  const phrase = (item: Class | Value): string =>
    item.phrases.get(language) ?? item.phrases.get('en') ?? item.name
  const tags = policy.tags.flatMap((tag) => {
    const values = tag.values.filter((value) => categories.some((one) => one.value === value))
    if (values.length === 0) return []
    const prefix = tag.prefix.get(language) ?? tag.prefix.get('') ?? tag.prefix.get('en') ?? ''
    return [prefix + values.map(phrase).join(tag.separator)]
  })
  return [policy.name, phrase(level), ...tags].join(' ')
}

function stanag4774({ policy, level, categories }: Label, root: string): string {
  // In the order of the identifiers of their tag sets.
  const tags = policy.tags.filter((tag) => categories.some((one) => one.tag === tag))
  const written = tags
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((tag) => {
      const values = categories.filter((one) => one.tag === tag).map(({ value }) => value.name)
      const generic = values.sort().map((name) => `<GenericValue>${escaped(name)}</GenericValue>`)
      const type = tag.type.toUpperCase()
      return `<Category TagName="${escaped(tag.set)}" Type="${type}" URI="urn:oid:${tag.id}">${generic.join('')}</Category>`
    })
  return (
    `<${root}ConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" ReviewDateTime="#R">` +
    `<ConfidentialityInformation><PolicyIdentifier URI="urn:oid:${policy.id}">${escaped(policy.name)}</PolicyIdentifier>` +
    `<Classification>${escaped(level.name)}</Classification>${written.join('')}</ConfidentialityInformation>` +
    `<CreationDateTime>#C</CreationDateTime></${root}ConfidentialityLabel>`
  )
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** ESSSecurityLabel: a SET, whose members stand in the order of their tags. */
function ess({ policy, level, categories }: Label): number[] {
  const tags = policy.tags.filter((tag) => categories.some((one) => one.tag === tag))
  const written = tags.map((tag) => {
    const numbers = categories.filter((one) => one.tag === tag).map(({ value }) => value.lacv)
    const kind =
      tag.type === 'informative'
        ? 3
        : tag.enumerated
          ? tag.type === 'permissive'
            ? 1
            : 4
          : tag.type === 'permissive'
            ? 2
            : 0
    const list = tag.enumerated ? setOf(numbers.map(integer)) : bitString(numbers)
    const value = tlv(0x30, [...tlv(6, oid(tag.id)), ...list])
    return tlv(0x30, [...tlv(0x80, oid(`2.16.840.1.101.2.1.8.3.${kind}`)), ...tlv(0xa1, value)])
  })
  return tlv(0x31, [
    ...integer(level.lacv),
    ...tlv(6, oid(policy.id)),
    ...(written.length === 0 ? [] : setOf(written)),
  ])
}

function tlv(tag: number, content: readonly number[]): number[] {
  if (content.length > 255) throw new Error('the evaluator writes short values only')
  return content.length < 128 ? [tag, content.length, ...content] : [tag, 0x81, content.length, ...content]
}

function integer(value: number): number[] {
  const octets = [value & 255]
  for (let rest = value >> 8; rest > 0; rest >>= 8) octets.unshift(rest & 255)
  return tlv(2, octets[0]! > 127 ? [0, ...octets] : octets)
}

function setOf(members: readonly number[][]): number[] {
  const sorted = members.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return tlv(0x31, sorted.flat())
}

function bitString(bits: readonly number[]): number[] {
  const most = Math.max(...bits)
  const octets = new Array<number>((most >> 3) + 1).fill(0)
  for (const bit of bits) octets[bit >> 3]! |= 0x80 >> (bit & 7)
  return tlv(3, [7 - (most & 7), ...octets])
}

function oid(text: string): number[] {
  const [first, second, ...rest] = text.split('.').map(Number) as [number, number, ...number[]]
  return [first * 40 + second, ...rest].flatMap((arc) => {
    const octets = [arc & 127]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      octets.unshift((left & 127) | 128)
    return octets
  })
}
