/**
 * sallyport rules simulate: a folder of recorded stanzas under a bundle, and beside it under another.
 *
 * Reads    the bundles, and every .xml file of the folder: one stanza each, as a server sent it or as a guard got it
 * Writes   verdicts that differ first, then a line for each stanza, then how many of each
 *
 * Each stanza is prepared as the sending edge would (edge/normalise): what came out of that is judged. Where identifiers
 * are numbered, what a stanza refers to is taken to be known.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createNormaliser } from '../edge/normalise/index.ts'
import { assumedNaming } from '../edge/normalise/naming.ts'
import type { Bundle } from '../rules/bundle/bundle.ts'
import { createDecider } from '../rules/decide/decide.ts'
import { verdictWords } from '../rules/examples/judge.ts'
import { refused } from '../rules/reasons.ts'
import { element, SERVER_NS, type XmlElement } from '../rules/xml/node.ts'
import { parseStanza } from '../rules/xml/parse.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { readStanza, secondOf } from './rules-explain.ts'
import { UsageError } from './usage.ts'

export function simulateRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { against: { type: 'string' }, at: { type: 'string' } },
    allowPositionals: true,
  })
  const [file, folder, ...more] = positionals
  if (file === undefined || folder === undefined || more.length > 0)
    throw new UsageError('simulate needs one bundle and one folder of stanzas')
  const second = secondOf(values.at)
  const judge = judgeOf(readNamedBundle(file).bundle, second)
  const before =
    values.against === undefined ? undefined : judgeOf(readNamedBundle(values.against).bundle, second)
  const names = stanzasOf(folder)
  if (names.length === 0)
    throw new Error(`${folder} has no file *.xml: give the folder that the stanzas are in`)
  const lines = names.map((name) => {
    const octets = readStanza(join(folder, name))
    const is = judge(octets)
    const was = before?.(octets) ?? is
    return { name, is, was }
  })
  const passes = (verdict: string): boolean => verdict.startsWith('accepted')
  const changed = lines
    .filter(({ is, was }) => is !== was)
    .sort((a, b) => Number(passes(a.is) === passes(a.was)) - Number(passes(b.is) === passes(b.was)))
  for (const { name, is, was } of changed) process.stdout.write(`CHANGED  ${name}: ${was} -> ${is}\n`)
  for (const { name, is } of lines.filter((line) => !changed.includes(line)))
    process.stdout.write(`         ${name}: ${is}\n`)
  process.stdout.write(`${lines.length} stanzas, ${changed.length} judged differently\n`)
  for (const [verdict, count] of counted(lines.map(({ is }) => is)))
    process.stdout.write(`${String(count).padStart(8)}  ${verdict}\n`)
  return changed.length === 0 ? 0 : 1
}

function stanzasOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.xml'))
      .sort()
  } catch (error) {
    throw new Error(
      `${folder} cannot be read (${(error as NodeJS.ErrnoException).code}): give a folder of .xml files`,
    )
  }
}

/** Of every frame: one that has an earlier one. */
const NUMBER = { generation: 0, count: 2 }

/** The verdict on recorded octets, in words. */
function judgeOf(bundle: Bundle, second: number): (octets: Uint8Array) => string {
  const decide = createDecider(bundle)
  const normalise = createNormaliser(bundle)
  return (octets) => {
    const stanza = parseStanza(octets, bundle.limits)
    if (refused(stanza)) return `refused (${stanza.refused})`
    const ready = normalise(onServerStream(stanza), undefined, second, assumedNaming(NUMBER))
    if (ready.outcome === 'nothing') return 'dropped by the edge, nothing left'
    if (ready.outcome === 'refused') return `refused by the edge (${ready.reason})`
    return verdictWords(bundle, decide(new TextEncoder().encode(ready.octets), second, NUMBER))
  }
}

/** A recorded stanza often says nothing of the namespace of its stream, or that of a client. */
function onServerStream(node: XmlElement): XmlElement {
  const ns = node.ns === '' || node.ns === 'jabber:client' ? SERVER_NS : node.ns
  const children = node.children.map((child) => (typeof child === 'string' ? child : onServerStream(child)))
  return element(ns, node.name, node.attributes, children)
}

function counted(all: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}
