/**
 * Where each rule of a bundle was written: the source map that `rules explain` reads.
 *
 * Rules are named after what the bundle holds:
 *
 *   domain/NAME          row/SET/ENTRY       limit/NAME       window/NAME      unlabelled/NAME
 *   form/FORM            the switch that admits a form of stanza
 *   namespace/NS         the switch that admits elements of that namespace
 *   profile              the table of switches, for what has no switch of its own
 *   labels               the label sets
 */
import type { Bundle, Origin } from '../bundle/bundle.ts'
import type { CatalogueName } from '../profile/catalogue.ts'
import type { RulesetSource } from './schema.ts'
import type { Path, YamlSource } from './yaml.ts'

/** Of each form, by its beginning; the longest that fits. */
const FORMS: ReadonlyMap<string, CatalogueName> = new Map([
  ['message-chat', 'messages'],
  ['message-normal', 'messages'],
  ['message-groupchat', 'rooms'],
  ['message-error', 'errors'],
  ['presence-available', 'presence'],
  ['presence-unavailable', 'presence'],
  ['presence-probe', 'presence'],
  ['presence-subscribe', 'subscriptions'],
  ['presence-subscribed', 'subscriptions'],
  ['presence-unsubscribe', 'subscriptions'],
  ['presence-unsubscribed', 'subscriptions'],
  ['presence-error', 'errors'],
  ['iq-get', 'discovery'],
  ['iq-result', 'discovery'],
  ['iq-error', 'errors'],
])

const NAMESPACES: ReadonlyMap<string, CatalogueName> = new Map([
  ['http://jabber.org/protocol/chatstates', 'chat-states'],
  ['urn:xmpp:receipts', 'receipts'],
  ['urn:xmpp:delay', 'delay'],
  ['http://jabber.org/protocol/muc', 'rooms'],
  ['http://jabber.org/protocol/muc#user', 'rooms'],
  ['urn:ietf:params:xml:ns:xmpp-stanzas', 'errors'],
  ['http://jabber.org/protocol/disco#info', 'discovery'],
  ['http://jabber.org/protocol/disco#items', 'discovery'],
])

/** The origins of a bundle's rules. What is not written, such as a limit left at its default, has the place of its table. */
export function originsOf(ruleset: RulesetSource, yaml: YamlSource, forms: Bundle['forms']): Origin[] {
  const origins: Origin[] = []
  const add = (rule: string, path: Path, key = true): void => {
    const { file, line } = key ? yaml.problemOfKey(path, '') : yaml.problem(path, '')
    origins.push({ rule, file, line })
  }
  for (const side of ['from', 'to'] as const) {
    for (const [index, { name }] of ruleset[side].domains.entries()) {
      add(`domain/${name}`, [side, 'domains', index], false)
    }
  }
  add('profile', ['profile'])
  for (const { form } of forms) {
    const name = FORMS.get(form)
    if (name !== undefined) add(`form/${form}`, ['profile', name])
  }
  for (const [ns, name] of NAMESPACES) {
    if (ruleset.profile[name] === true) add(`namespace/${ns}`, ['profile', name])
  }
  for (const [index, name] of ruleset.unlabelled.entries()) {
    add(`unlabelled/${name}`, ['unlabelled', index], false)
  }
  for (const name of Object.keys(ruleset.limits)) add(`limit/${name}`, ['limits', name])
  for (const name of Object.keys(ruleset.labels.windows)) add(`window/${name}`, ['labels', 'windows', name])
  add('labels', ['labels'])
  for (const [at, set] of ruleset.labels.sets.entries()) {
    for (const [index, entry] of set.allow.entries()) {
      add(`row/${set.name}/${entry.name}`, ['labels', 'sets', at, 'allow', index], false)
    }
  }
  return origins
}
