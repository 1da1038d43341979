/**
 * Pings that stand behind what was sent to a server without stream management (XEP-0199; design §5): whatever answers one, a
 * result or an error, says that the server has taken all that went before it on the same stream.
 *
 *   stream of ours     stanza stanza stanza ping(token) ──▶
 *   the server's own   ◀── result or error(token)
 *
 * The answer comes on a stream that the server opens to us, among its users' stanzas. It is told by a token that nobody else
 * can know, and counts from the domain that was asked alone. It is taken out before anything else looks at the stanza.
 */
import { randomBytes } from 'node:crypto'
import { normaliseJid } from '../../rules/address/jid.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'

export type Barriers = Readonly<{
  /** A ping from the far domain `from` to the own domain `to`, to be written; `answered` is called when it is, once. */
  raise(from: string, to: string, answered: () => void): Barrier
  /** Whether the stanza, of a stream that may bring those of `proven`, was the answer to one. */
  take(proven: ReadonlySet<string>, stanza: XmlElement): boolean
}>

/** `drop`: its answer is not awaited any more, and has no effect when it comes. */
export type Barrier = Readonly<{ ping: string; drop(): void }>

const FORM = /^sp-[0-9a-f]{32}$/
/** Dropped ones that are known for a while, so that a late answer is no stanza of anybody. */
const DROPPED = 256

export function createBarriers(): Barriers {
  const awaited = new Map<string, Readonly<{ from: string; to: string; answered: () => void }>>()
  const dropped: string[] = []
  return {
    raise(from, to, answered) {
      const token = `sp-${randomBytes(16).toString('hex')}`
      awaited.set(token, { from, to, answered })
      return {
        // Both domains are of the bundle: nothing needs escaping.
        ping: `<iq xmlns="jabber:server" from="${from}" id="${token}" to="${to}" type="get"><ping xmlns="urn:xmpp:ping"></ping></iq>`,
        drop() {
          if (!awaited.has(token)) return
          awaited.set(token, { from, to, answered() {} })
          if (dropped.push(token) > DROPPED) awaited.delete(dropped.shift()!)
        },
      }
    },
    take(proven, stanza) {
      if (stanza.name !== 'iq') return false
      const type = attribute(stanza, 'type')
      const id = attribute(stanza, 'id') ?? ''
      if ((type !== 'result' && type !== 'error') || !FORM.test(id)) return false
      const barrier = awaited.get(id)
      if (barrier === undefined) return false
      const from = normaliseJid(attribute(stanza, 'from') ?? '')?.text
      const to = normaliseJid(attribute(stanza, 'to') ?? '')?.text
      if (from !== barrier.to || to !== barrier.from || !proven.has(barrier.to)) return false
      awaited.delete(id)
      barrier.answered()
      return true
    },
  }
}
