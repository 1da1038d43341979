/** Another spelling of the same document: what Canonical XML 1.1 makes one of, and what a guard must therefore not let by. */
import { XML_NS, type XmlElement } from '../../rules/xml/node.ts'
import type { random } from '../verify/random.ts'

type Random = ReturnType<typeof random>

/** The document `root` with some of its tags, quotes, references, orders and declarations written otherwise, at random. */
export function respell(root: XmlElement, chance: Random): string {
  return write(root, undefined, chance)
}

function write(node: XmlElement, parentNs: string | undefined, chance: Random): string {
  const rarely = () => chance.below(6) === 0
  const blank = () => (rarely() ? chance.pick(['\n', '\t', '  ']) : '')
  const attributes = node.attributes.map(
    ({ ns, name, value }) =>
      `${ns === XML_NS ? 'xml:' : ''}${name}${blank()}=${blank()}${quoted(value, chance)}`,
  )
  if (node.ns !== parentNs || rarely()) {
    const declaration = `xmlns=${quoted(node.ns, chance)}`
    attributes.splice(rarely() ? attributes.length : 0, 0, declaration)
  }
  if (rarely()) attributes.reverse()
  const separator = chance.below(6) === 0 ? '\n  ' : ' '
  const start = [`<${node.name}`, ...attributes].join(separator)
  if (node.children.length === 0 && rarely()) return `${start}${blank()}/>`
  const inside = node.children.map((child) =>
    typeof child === 'string' ? spelledText(child, chance) : write(child, node.ns, chance),
  )
  return `${start}${blank()}>${inside.join('')}</${node.name}${blank()}>`
}

function quoted(value: string, chance: Random): string {
  const quote = chance.below(6) === 0 ? "'" : '"'
  return quote + spelled(value, quote, chance) + quote
}

function spelledText(text: string, chance: Random): string {
  if (chance.below(6) === 0 && !text.includes(']]>') && !text.includes('\r')) return `<![CDATA[${text}]]>`
  return spelled(text, '>', chance)
}

/** The characters, some as references of one kind or another. */
function spelled(value: string, special: string, chance: Random): string {
  let out = ''
  for (const character of value) {
    const point = character.codePointAt(0)!
    if (chance.below(60) === 0)
      out += chance.pick([
        `&#${point};`,
        `&#x${point.toString(16)};`,
        `&#x0${point.toString(16).toUpperCase()};`,
      ])
    else if (character === '&') out += '&amp;'
    else if (character === '<') out += '&lt;'
    else if (character === '>') out += special === '>' || chance.below(4) === 0 ? '&gt;' : '>'
    else if (character === '"') out += special === '"' ? '&quot;' : chance.pick(['"', '"', '&quot;'])
    else if (character === "'") out += special === "'" ? '&apos;' : chance.pick(["'", "'", '&apos;'])
    else out += character
  }
  return out
}
