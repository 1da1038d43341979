/**
 * What real servers sent (../shared/conformance/real-stanzas), each through normalisation and the decision: nothing may
 * crash, and what comes out is canonical or refused. The table is printed, for people to see what a stock server loses.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { createWrittenDecider } from '../../rules/decide/written.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import { createStreamReader } from '../../rules/xml/stream.ts'
import { NAMING, NUMBER } from '../support/number.ts'
import { testBundle } from './bundles.ts'

const folder = '../shared/conformance/real-stanzas'
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

function readOne(octets: Uint8Array): XmlElement | undefined {
  let found: XmlElement | undefined
  const reader = createStreamReader({
    limits: { stanzaBytes: 135_000, depth: 64 },
    onOpen() {},
    onElement(element) {
      found = element
    },
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

t.test(
  'every captured stanza is made canonical or refused',
  { skip: existsSync(folder) ? false : `no ${folder} here` },
  (t) => {
    const ways = {
      high: createPair('high', 'low'),
      low: createPair('low', 'high'),
    }
    const table = new Map<string, number>()
    const examples = new Map<string, string>()
    let count = 0
    for (const file of readdirSync(folder)
      .filter((name) => name.endsWith('.xml'))
      .sort()) {
      const stanza = readOne(readFileSync(`${folder}/${file}`))
      t.ok(stanza, `${file} is read`)
      if (stanza === undefined) continue
      count++
      const from = attribute(stanza, 'from') ?? ''
      const { normalise, decide, foretell } = from.includes('high.example') ? ways.high : ways.low
      const normal = normalise(stanza, 'en', 0, NAMING)
      let outcome: string = normal.outcome
      if (normal.outcome === 'refused') outcome = `refused: ${normal.reason}`
      if (normal.outcome === 'ready') {
        const verdict = decide(Buffer.from(normal.octets), SECOND, NUMBER)
        const foretold = foretell(normal, SECOND, NUMBER)
        if (foretold !== (verdict.accepted ? undefined : verdict.reason))
          t.fail(`${file}: foretold ${foretold}`)
        outcome = verdict.accepted ? 'crosses' : `refused: ${verdict.reason}`
        // The edge's own form must never be what the guard stumbles over.
        if (!verdict.accepted) t.not(verdict.reason, 'not-canonical', `${file}: ${normal.octets}`)
      }
      const key = `${stanza.name} ${attribute(stanza, 'type') ?? '-'} ${outcome}`
      table.set(key, (table.get(key) ?? 0) + 1)
      examples.set(key, `${examples.get(key) ?? ''} ${file.slice(0, 4)}`)
    }
    for (const [key, number] of [...table].sort())
      t.comment(`${String(number).padStart(4)} ${key}   ${(examples.get(key) ?? '').slice(0, 60)}`)
    t.comment(`${count} stanzas`)
    t.end()
  },
)

function createPair(from: string, to: string) {
  const bundle = testBundle(from, to)
  return {
    normalise: createNormaliser(bundle),
    decide: createDecider(bundle),
    foretell: createWrittenDecider(bundle),
  }
}
