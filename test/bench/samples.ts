/** The messages that the benchmark sends: canonical, accepted by the example ruleset, of a given size. */
import { join } from 'node:path'
import { writeLabel } from '../../packaging/demo/labels.ts'
import { EXAMPLES, readSpif } from '../../packaging/demo/rulesets.ts'
import type { LabelForm } from '../../rules/bundle/bundle.ts'
import { formatNumber, type StanzaNumber } from '../../rules/text/numbered.ts'

/** `octets` as a server sends it, `framed` as an edge does in the frame of that number. */
export type Sample = Readonly<{ name: string; octets: Buffer; framed(number: StanzaNumber): Buffer }>

/** A short message with an ESS label, and a longer one with a STANAG 4774 label bound by 4778. */
export function makeSamples(): Sample[] {
  return [
    sample('0.4 kB XEP-0258 with ESS', 'ess-0258', 400),
    sample('1.1 kB STANAG 4774 by 4778', '4774-4778', 1100),
  ]
}

function sample(name: string, form: LabelForm, size: number): Sample {
  const acme = readSpif(join(EXAMPLES, 'acme-to-coalition/acme.spif.xml'))
  const label = writeLabel(acme, {
    form,
    classification: 'RESTRICTED',
    categories: [{ tagSet: 'Releasable To', values: ['ACME', 'HARBOUR'] }],
  })
  const text = (body: string) =>
    `<message xmlns="jabber:server" from="alice@acme.example/desk" id="bench" to="bob@coalition.example/ship" type="chat"><body>${body}</body>${label}</message>`
  const room = size - text('').length
  const stanza = text('Words of a message. '.repeat(60).slice(0, room).trimEnd().padEnd(room, '.'))
  const [before, behind] = stanza.split('"bench"') as [string, string]
  return {
    name,
    octets: Buffer.from(stanza),
    framed: (number) => Buffer.from(`${before}"o${formatNumber(number)}"${behind}`),
  }
}
