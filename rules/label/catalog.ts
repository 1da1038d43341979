/**
 * Security label catalogs (XEP-0258 §5): the labels that a server offers its users.
 *
 * Clients ask their own server, so besides the element there is the configuration of Prosody's security-label module
 * (mod_seclabels), which takes its items from its configuration file.
 */
import { attribute, element, elements, type XmlElement } from '../xml/node.ts'
import { serialise } from '../xml/write.ts'
import { trimBlanks } from './blanks.ts'
import { type Label, type LabelCategory, nameOf } from './label.ts'
import { type LabelProblem, problemAt } from './reading.ts'
import { writeSecurityLabel } from './wire.ts'
import { readSecurityLabel, SEC_LABEL_NS, type SecurityLabel } from './xep0258.ts'

export const CATALOG_NS = 'urn:xmpp:sec-label:catalog:2'

/** An item of a catalog that is to be written. */
export type CatalogItem = Readonly<{
  /** Groups from outside in, and the item's own name last. No part may hold `|`. */
  selector: readonly string[]
  /** The label element: ESS or STANAG 4774. Undefined: no label. */
  payload?: XmlElement
  marking?: Readonly<{ text: string; fgcolor: string; bgcolor: string }>
  isDefault?: boolean
}>

export type Catalog = Readonly<{
  name: string
  desc: string
  /** The address that messages with these labels are for. */
  to?: string
  /** Whether clients should use only these. */
  restrict: boolean
  items: readonly CatalogItem[]
}>

/** The catalog element. Throws RangeError on a selector that cannot be written and on a second default. */
export function writeCatalog(catalog: Catalog): XmlElement {
  checkItems(catalog.items)
  const { name, desc, to, restrict, items } = catalog
  return element(
    CATALOG_NS,
    'catalog',
    { name, desc, ...(to === undefined ? {} : { to }), restrict: String(restrict) },
    items.map((item) =>
      element(
        CATALOG_NS,
        'item',
        { selector: item.selector.join('|'), ...(item.isDefault === true ? { default: 'true' } : {}) },
        item.payload === undefined ? [] : [writeSecurityLabel(item.payload, item.marking)],
      ),
    ),
  )
}

/** A label that is to be an item, with the text of its marking. */
export type MarkedLabel = Readonly<{ label: Label; marking: string }>

/**
 * Selectors for the items of a catalog, no two alike: policy, class, and the marking. Labels with one marking get besides, in
 * their own words, what not all of them have; where that does not tell them apart, all that they have, with tags and numbers;
 * and a number of their own at last, which labels that differ in nothing but their policies' order need.
 */
export function selectorsFor(items: readonly MarkedLabel[]): readonly (readonly string[])[] {
  const group = ({ label }: MarkedLabel) => [label.policy.name, label.classification.name].map(plain)
  const key = (at: number) => JSON.stringify([...group(items[at]!), names[at]])
  const names = items.map(({ label, marking }) =>
    plain(trimBlanks(marking) || wordsOf(label.categories, label) || label.classification.name),
  )
  for (const spell of [wordsOf, wordsAndNumbers]) {
    for (const alike of clashes(items.map((_, at) => key(at)))) {
      const shared = alike
        .map((at) => new Set(items[at]!.label.categories.map((c) => c.value)))
        .reduce((a, b) => a.intersection(b))
      for (const at of alike) {
        const { label } = items[at]!
        const own = label.categories.filter((c) => spell === wordsAndNumbers || !shared.has(c.value))
        const more = plain(spell(own, label))
        if (more !== '') names[at] = `${names[at]} (${more})`
      }
    }
  }
  const taken = new Set<string>()
  return items.map((item, at) => {
    const name = names[at]!
    for (let again = 2; taken.has(key(at)); again++) names[at] = `${name} ${again}`
    taken.add(key(at))
    return [...group(item), names[at]!]
  })
}

/** The places of keys that stand more than once. */
function clashes(keys: readonly string[]): readonly (readonly number[])[] {
  const places = new Map<string, number[]>()
  for (const [at, key] of keys.entries()) places.set(key, [...(places.get(key) ?? []), at])
  return [...places.values()].filter((alike) => alike.length > 1)
}

/** A part of a selector, which may not hold what divides the parts. */
function plain(text: string): string {
  return text.replaceAll('|', '/')
}

function wordsOf(categories: readonly LabelCategory[], { privacyMark }: Label): string {
  return words(categories, privacyMark, nameOf)
}

function wordsAndNumbers(categories: readonly LabelCategory[], { privacyMark }: Label): string {
  return words(
    categories,
    privacyMark,
    ({ tag, value }) => `${tag.name ?? tag.index} ${value.name} ${value.lacv}`,
  )
}

function words(
  categories: readonly LabelCategory[],
  mark: string | undefined,
  wordOf: (category: LabelCategory) => string,
): string {
  const sets = new Map<string, string[]>()
  for (const category of categories) {
    const name = category.tagSet.name
    sets.set(name, [...(sets.get(name) ?? []), wordOf(category)])
  }
  const parts = [...sets].map(([name, values]) => `${name}: ${values.join(', ')}`)
  return [...parts, ...(mark === undefined ? [] : [`mark ${mark}`])].join('; ')
}

function checkItems(items: readonly CatalogItem[]): void {
  const seen = new Set<string>()
  for (const { selector } of items) {
    if (selector.length === 0 || selector.some((part) => part === '' || part.includes('|'))) {
      throw new RangeError(`not a selector: ${JSON.stringify(selector)}`)
    }
    const joined = selector.join('|')
    if (seen.has(joined)) throw new RangeError(`a selector twice: ${joined}`)
    seen.add(joined)
  }
  if (items.filter((item) => item.isDefault === true).length > 1)
    throw new RangeError('more than one default item')
}

/**
 * The catalog as configuration of Prosody's mod_seclabels, for a host's section of its Lua configuration. The module cannot
 * offer "no label", so items without one are left out, and it has no `restrict`.
 */
export function writeProsodyConfiguration(catalog: Catalog): string {
  checkItems(catalog.items)
  const items = catalog.items.flatMap((item) => {
    if (item.payload === undefined) return []
    const fields = [
      `name = ${lua(item.selector.join('|'))}`,
      ...(item.marking === undefined
        ? []
        : [
            `display = ${lua(item.marking.text)}`,
            `color = ${lua(item.marking.fgcolor)}`,
            `bgcolor = ${lua(item.marking.bgcolor)}`,
          ]),
      `label = ${lua(serialise(item.payload))}`,
      ...(item.isDefault === true ? ['default = true'] : []),
    ]
    return [`\t{ ${fields.join('; ')} };`]
  })
  return [
    '-- For modules_enabled: "seclabels"',
    `security_catalog_name = ${lua(catalog.name)}`,
    `security_catalog_desc = ${lua(catalog.desc)}`,
    'security_labels = {',
    ...items,
    '}',
    '',
  ].join('\n')
}

/** A Lua string: every octet that is not plain ASCII by its number, so that nothing can end the string. */
function lua(text: string): string {
  let out = '"'
  for (const octet of new TextEncoder().encode(text)) {
    const isPlain = octet >= 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x5c
    out += isPlain ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`
  }
  return `${out}"`
}

/** A catalog as it was read. */
export type ReadCatalog = Readonly<{
  name?: string
  desc?: string
  to?: string
  from?: string
  id?: string
  restrict: boolean
  items: readonly Readonly<{ selector?: string; isDefault: boolean; label?: SecurityLabel }>[]
}>

/** Reads a catalog element (version 2). Unknown elements and a second default are refused. */
export function readCatalog(node: XmlElement): ReadCatalog | LabelProblem {
  if (node.ns !== CATALOG_NS || node.name !== 'catalog') return problemAt(node, 'not a catalog')
  const items: { selector?: string; isDefault: boolean; label?: SecurityLabel }[] = []
  for (const child of elements(node)) {
    if (child.ns !== CATALOG_NS || child.name !== 'item')
      return problemAt(child, `an unknown element ${child.name} in catalog`)
    const [inner, second] = elements(child)
    if (second !== undefined) return problemAt(second, 'more than one label in an item')
    const selector = attribute(child, 'selector')
    const label = inner === undefined ? undefined : readItemLabel(inner)
    if (label !== undefined && 'problem' in label) return label
    items.push({
      ...(selector === undefined ? {} : { selector }),
      isDefault: isTrue(attribute(child, 'default')),
      ...(label === undefined ? {} : { label }),
    })
  }
  if (items.filter((item) => item.isDefault).length > 1) return problemAt(node, 'more than one default item')
  const texts: { [key: string]: string } = {}
  for (const key of ['name', 'desc', 'to', 'from', 'id']) {
    const value = attribute(node, key)
    if (value !== undefined) texts[key] = value
  }
  return { ...texts, restrict: isTrue(attribute(node, 'restrict')), items }
}

function readItemLabel(node: XmlElement): SecurityLabel | LabelProblem {
  if (node.ns !== SEC_LABEL_NS) return problemAt(node, 'an item that holds no label')
  return readSecurityLabel(node)
}

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1'
}

/** A request for a catalog: whose it is, and whether there is a catalog to give. */
export type CatalogRequest = Readonly<{
  type: 'get' | 'set'
  requester: 'local' | 'remote'
  isConfigured: boolean
}>

/**
 * The error with which a request is answered, or undefined when the catalog may be given. Catalogs are for a server's own
 * users: across a boundary they would tell the label policy.
 */
export function catalogRefusal({
  type,
  requester,
  isConfigured,
}: CatalogRequest): 'bad-request' | 'not-authorized' | 'service-unavailable' | undefined {
  if (type === 'set') return 'bad-request'
  if (requester === 'remote') return 'not-authorized'
  return isConfigured ? undefined : 'service-unavailable'
}
