/** What the identifiers of one stanza are written as, where the bundle has them numbered (doc/formats.md §2). */
import { formatReference, type StanzaNumber } from '../../rules/text/numbered.ts'

/** Each takes an identifier of the own side; undefined: it names nothing that is known. */
export type Naming = Readonly<{
  /** Of the stanza itself. */
  own: string
  /** What came in and is answered. */
  answer(id: string): string | undefined
  /** What came in and is given back by a room; undefined of any other sender. */
  echo(id: string): string | undefined
  /** What went out before. */
  earlier(id: string): string | undefined
}>

/** For recorded stanzas, of which nobody knows what was before: whatever they name is taken to be known. */
export function assumedNaming(number: StanzaNumber): Naming {
  const before = { generation: number.generation, count: number.count - 1 }
  return {
    own: formatReference({ own: true, number }),
    answer: () => formatReference({ own: false, number: before }),
    echo: () => undefined,
    earlier: () => formatReference({ own: true, number: before }),
  }
}
