/**
 * Where each rule of a bundle was written: the source map that `rules explain` reads.
 *
 * Rules are named after what the bundle holds:
 *
 *   domain/NAME          row/SET/ENTRY       limit/NAME       window/NAME      unlabelled/NAME
 *   pair/FROM/TO         the pair of domains
 *   pairs                all of them
 *   content/NAME         what is taken away from texts
 *   identifiers          what identifiers are
 *   form/FORM            the switch that admits a form of stanza
 *   namespace/NS         the switch that admits elements of that namespace
 *   profile              the table of switches, for what has no switch of its own
 *   labels               the label sets
 *   accept/SET  mode/SET how the labels of a set come in, and how they are released
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
  ['message-headline', 'headlines'],
  ['message-error', 'errors'],
  ['presence-available', 'presence'],
  ['presence-unavailable', 'presence'],
  ['presence-probe', 'presence'],
  ['presence-subscribe', 'subscriptions'],
  ['presence-subscribed', 'subscriptions'],
  ['presence-unsubscribe', 'subscriptions'],
  ['presence-unsubscribed', 'subscriptions'],
  ['presence-error', 'errors'],
  ['iq-error', 'errors'],
])

/** The switches that admit questions and answers; the first that is on stands for all. */
const QUERIES: readonly CatalogueName[] = ['discovery', 'ping', 'time', 'software-version', 'vcards']

const NAMESPACES: ReadonlyMap<string, CatalogueName> = new Map([
  ['http://jabber.org/protocol/chatstates', 'chat-states'],
  ['urn:xmpp:receipts', 'receipts'],
  ['urn:xmpp:delay', 'delay'],
  ['http://jabber.org/protocol/muc', 'rooms'],
  ['http://jabber.org/protocol/muc#user', 'rooms'],
  ['urn:ietf:params:xml:ns:xmpp-stanzas', 'errors'],
  ['http://jabber.org/protocol/disco#info', 'discovery'],
  ['http://jabber.org/protocol/disco#items', 'discovery'],
  ['http://jabber.org/protocol/rsm', 'paging'],
  ['jabber:x:data', 'room-info'],
  ['http://jabber.org/protocol/caps', 'capabilities'],
  ['jabber:x:conference', 'direct-invitations'],
  ['urn:xmpp:hats:0', 'hats'],
  ['urn:xmpp:chat-markers:0', 'markers'],
  ['urn:xmpp:message-correct:0', 'corrections'],
  ['http://jabber.org/protocol/nick', 'nicknames'],
  ['jabber:x:oob', 'links'],
  ['urn:xmpp:ping', 'ping'],
  ['urn:xmpp:time', 'time'],
  ['jabber:iq:version', 'software-version'],
  ['vcard-temp', 'vcards'],
])

/** Where a switch was turned: at its own name, or at that of the preset. */
export function switchPath({ profile }: RulesetSource, name: CatalogueName): Path {
  return ['profile', profile[name] === undefined && profile.preset !== undefined ? 'preset' : name]
}

/** The origins of a bundle's rules. What is not written, such as a limit left at its default, has the place of its table. */
export function originsOf(
  ruleset: RulesetSource,
  yaml: YamlSource,
  forms: Bundle['forms'],
  on: ReadonlySet<CatalogueName>,
  rows: Bundle['labels']['rows'],
): Origin[] {
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
    const name = FORMS.get(form) ?? QUERIES.find((one) => on.has(one))
    if (name !== undefined) add(`form/${form}`, switchPath(ruleset, name))
  }
  for (const [ns, name] of NAMESPACES) {
    if (on.has(name)) add(`namespace/${ns}`, switchPath(ruleset, name))
  }
  for (const [index, name] of ruleset.unlabelled.entries()) {
    add(`unlabelled/${name}`, ['unlabelled', index], false)
  }
  if (ruleset.pairs !== undefined) add('pairs', ['pairs'])
  for (const [index, { from, to }] of (ruleset.pairs ?? []).entries()) {
    add(`pair/${from}/${to}`, ['pairs', index], false)
  }
  for (const name of Object.keys(ruleset.content ?? {})) add(`content/${name}`, ['content', name])
  for (const name of Object.keys(ruleset.limits)) add(`limit/${name}`, ['limits', name])
  for (const name of Object.keys(ruleset.labels.windows)) add(`window/${name}`, ['labels', 'windows', name])
  add('identifiers', ['identifiers'])
  add('labels', ['labels'])
  for (const [at, set] of ruleset.labels.sets.entries()) {
    add(`accept/${set.name}`, ['labels', 'sets', at, 'accept'])
    add(`mode/${set.name}`, ['labels', 'sets', at, 'mode'])
    for (const [index, entry] of set.allow.entries()) {
      add(`row/${set.name}/${entry.name}`, ['labels', 'sets', at, 'allow', index], false)
    }
    if (set.generate === undefined) continue
    const listed = new Set(set.allow.map((entry) => `${set.name}/${entry.name}`))
    const made = rows.filter(({ name }) => name.startsWith(`${set.name}/`) && !listed.has(name))
    for (const name of new Set(made.map((row) => row.name))) {
      add(`row/${name}`, ['labels', 'sets', at, 'generate'])
    }
  }
  return origins
}
