/** What the sending edge makes of a stanza without label, by the default labels of two bundles. */
import { domainOf } from '../address/jid.ts'
import type { Bundle } from '../bundle/bundle.ts'
import { carriesLabel, contextOf, plainStanza } from '../examples/probe.ts'
import { settingsOf } from '../examples/setting.ts'
import { createDefaultLabels } from '../label/defaults.ts'
import type { Change } from './fact.ts'
import { type Judge, judgeOf, outcomeOf, SECOND, type Witness } from './witness.ts'

/** For each changed default label a stanza that carries none, where the edge and then the guard make something else of it. */
export function defaultWitnesses(old: Bundle, fresh: Bundle, changes: readonly Change[]): Witness[] {
  const names = changes.flatMap(({ kind, name }) => (kind === 'default' ? [name] : []))
  if (names.length === 0) return []
  const sides = [old, fresh].map((bundle) => ({
    bundle,
    judge: judgeOf(bundle),
    label: createDefaultLabels(bundle),
  }))
  const [before, after] = sides as [Sending, Sending]
  return names.flatMap((name) => {
    const address = addressOf(name.slice('default/'.length), [old, fresh])
    for (const [side, other] of [
      [after, before],
      [before, after],
    ] as const) {
      for (const make of makersOf(side, other.bundle, address)) {
        const judged = [before, after].map(({ judge, label }) => judge(make(label(address, SECOND) ?? '')))
        const outcome = outcomeOf(judged[0]!, judged[1]!)
        if (outcome !== undefined)
          return [{ rule: name, stanza: make(''), ...outcome, causes: [name], edge: true as const }]
      }
    }
    return []
  })
}

type Sending = Readonly<{ bundle: Bundle; judge: Judge; label: ReturnType<typeof createDefaultLabels> }>

/** An address to which a default applies, and of a domain one that has none of its own. */
function addressOf(from: string, bundles: readonly Bundle[]): string {
  if (from.includes('@')) return from
  const taken = new Set(bundles.flatMap(({ edge }) => edge.defaultLabels ?? []).map((one) => one.from))
  const lists = bundles.map(({ from: { domains } }) => domains.find(({ name }) => name === from)?.locals)
  const names = lists.find((locals) => locals !== undefined) ?? ['anna', 'ops', 'eve']
  const local = names.find(
    (one) => !taken.has(`${one}@${from}`) && lists.every((list) => list?.includes(one) ?? true),
  )
  return local === undefined ? from : `${local}@${from}`
}

/** Stanzas from an address in the forms that carry labels, to be given one. */
function makersOf({ bundle }: Sending, other: Bundle, address: string): ((label: string) => string)[] {
  const at = address.indexOf('@')
  const wanted = { from: domainOf(address), ...(at < 0 ? {} : { fromLocal: address.slice(0, at) }) }
  const settings = settingsOf(bundle, other)
  return bundle.forms
    .filter(carriesLabel)
    .map((form) => plainStanza(form, contextOf(form, bundle, SECOND, settings(form, wanted))))
}
