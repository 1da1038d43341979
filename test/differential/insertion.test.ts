/**
 * One unknown node or attribute at every position of benign stanzas, label and all: none crosses (default deny, property P04).
 *
 * Benign are the accepted examples of the product's rulesets, stanzas made from every form of them, and, where it is there, the
 * sample in ../shared/conformance/stanzas. Each changed stanza is in canonical form, so that nothing but the closed profile
 * and the rows of labels can refuse it.
 *
 *   SALLYPORT_INSERTION=100 node test/differential/insertion.test.ts     so many stanzas made of each form (30)
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { refused } from '../../rules/reasons.ts'
import { compileRuleset } from '../../rules/ruleset/compile.ts'
import { element, XML_NS, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { createStreamReader } from '../../rules/xml/stream.ts'
import { serialise } from '../../rules/xml/write.ts'
import { NAMING } from '../support/number.ts'
import { everyPair } from '../support/pairs.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { sampleSources } from '../support/sample-ruleset.ts'
import { makeVerifiers } from '../support/verifiers.ts'
import { random } from '../verify/random.ts'
import { makeGenerator } from './generate.ts'

const COUNT = Number(process.env['SALLYPORT_INSERTION'] ?? 30)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const STANZAS = fileURLToPath(new URL('../../../shared/conformance/stanzas/', import.meta.url))
const LIMITS = { stanzaBytes: 1_000_000, depth: 64 }
const FOREIGN = 'urn:example:nosuch'

/** What is put among the children of an element: unknown, known elsewhere, or no element at all. */
const nodes = (parent: XmlElement): XmlNode[] => [
  element(FOREIGN, 'nosuch'),
  element(parent.ns, 'nosuch'),
  element(FOREIGN, parent.name, [], ['MARK']),
  element('http://jabber.org/protocol/xhtml-im', 'html', [], ['MARK']),
  element('urn:xmpp:forward:0', 'forwarded'),
  element('http://www.w3.org/2000/09/xmldsig#', 'Signature'),
  element('urn:xmpp:omemo:2', 'encrypted'),
  ...(parent.children.every((child) => typeof child === 'string') ? [] : ['MARK']),
]

const ATTRIBUTES = [
  { ns: '', name: 'nosuch', value: 'MARK' },
  { ns: '', name: 'lang', value: 'en' },
  { ns: XML_NS, name: 'space', value: 'preserve' },
  { ns: XML_NS, name: 'base', value: 'urn:x' },
  { ns: XML_NS, name: 'id', value: 'MARK' },
]

/** Every tree that has one thing more than `root`, at any place in it. */
function* insertions(root: XmlElement): Generator<XmlElement> {
  for (const extra of ATTRIBUTES)
    yield element(root.ns, root.name, [...root.attributes, extra], root.children)
  for (let at = 0; at <= root.children.length; at += 1) {
    for (const node of nodes(root)) {
      yield element(root.ns, root.name, root.attributes, root.children.toSpliced(at, 0, node))
    }
    const child = root.children[at]
    if (child === undefined || typeof child === 'string') continue
    for (const changed of insertions(child)) {
      yield element(root.ns, root.name, root.attributes, root.children.with(at, changed))
    }
  }
}

/** Accepted canonical stanzas: the ruleset's own examples and those made of every form. */
function benignOf(bundle: Bundle): Map<string, number> {
  const { inspect } = makeVerifiers(bundle)
  const benign = new Map<string, number>()
  for (const { verdict, stanza, at } of bundle.examples ?? [])
    if (verdict === 'accepted') benign.set(stanza, at)
  const left = new Map(bundle.forms.map(({ form }) => [form, COUNT]))
  const generate = makeGenerator(bundle, random(4))
  for (let tries = 0; left.size > 0; tries += 1) {
    if (tries > 100_000 * COUNT) throw new Error(`no stanza was made of ${[...left.keys()].join(', ')}`)
    const stanza = generate()
    const verdict = inspect(stanza, SECOND)
    const more = verdict.accepted ? left.get(verdict.form) : undefined
    if (!verdict.accepted || more === undefined) continue
    benign.set(stanza.toString('utf8'), SECOND)
    if (more === 1) left.delete(verdict.form)
    else left.set(verdict.form, more - 1)
  }
  return benign
}

const rulesets = new Map([
  ...exampleNames().map((name) => [name, exampleSources(name)] as const),
  ['coalition-to-acme with pairs', everyPair()] as const,
])

for (const [name, sources] of rulesets) {
  t.test(`benign stanzas of ${name}`, async (t) => {
    const { bundle } = compiled(sources)
    const { inspect, verify } = makeVerifiers(bundle)
    const benign = benignOf(bundle)
    let asked = 0
    const crossed: string[] = []
    for (const [stanza, second] of benign) {
      const tree = parseText(stanza, LIMITS)
      if (refused(tree) || serialise(tree) !== stanza) throw new Error(`not canonical: ${stanza}`)
      for (const changed of insertions(tree)) {
        const octets = Buffer.from(serialise(changed))
        asked += 1
        if (inspect(octets, second).accepted) crossed.push(`inspect: ${octets}`)
        if (verify(octets, second).accepted) crossed.push(`verify: ${octets}`)
      }
    }
    t.same(crossed.slice(0, 5), [], `${crossed.length} crossed`)
    t.ok(asked > 1000, String(asked))
    t.comment(`${benign.size} stanzas, ${asked} insertions refused by both`)
  })
}

t.test(
  'the benign sample, through the edge',
  { skip: existsSync(STANZAS) ? false : 'shared/conformance is not beside this clone' },
  async (t) => {
    const result = compileRuleset(sampleSources(STANZAS))
    if ('problems' in result) throw new Error('the ruleset of the sample does not compile')
    const { bundle } = result
    const { inspect, verify } = makeVerifiers(bundle)
    const normalise = createNormaliser(bundle)
    const folder = `${STANZAS}benign/`
    let asked = 0
    const crossed: string[] = []
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.xml'))) {
      for (const stanza of stanzasIn(readFileSync(folder + file))) {
        for (const changed of insertions(stanza)) {
          // The edge may take the insertion out by a rule of its own, but nothing of it may be left.
          const normal = normalise(changed, 'en', SECOND, NAMING)
          asked += 1
          if (normal.outcome !== 'ready') continue
          const octets = Buffer.from(normal.octets)
          for (const verdict of [inspect(octets, SECOND), verify(octets, SECOND)]) {
            if (
              verdict.accepted &&
              /MARK|nosuch|xhtml|forwarded|Signature|encrypted|xml:(space|base|id)/.test(verdict.output)
            )
              crossed.push(`${file}: ${verdict.output}`)
          }
        }
      }
    }
    t.same(crossed.slice(0, 5), [], `${crossed.length} crossed`)
    t.ok(asked > 1000, String(asked))
    t.comment(`${asked} insertions, of none anything crossed`)
  },
)

function stanzasIn(octets: Uint8Array): XmlElement[] {
  const found: XmlElement[] = []
  const reader = createStreamReader({
    limits: LIMITS,
    onOpen() {},
    onElement: (stanza) => void found.push(stanza),
    onClose() {},
    onError() {},
  })
  reader.write(
    Buffer.from(
      `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' version='1.0'>`,
    ),
  )
  reader.write(octets)
  return found
}
