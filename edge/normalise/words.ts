/** What people read in a stanza, at its top level. */
import type { ElementName } from '../../rules/bundle/bundle.ts'
import { SERVER_NS } from '../../rules/xml/node.ts'

/** The first of these that is there says in which language the stanza is. */
export const WORDS: readonly ElementName[] = ['body', 'subject', 'status'].map((name) => ({
  ns: SERVER_NS,
  name,
}))
