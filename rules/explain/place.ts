/** Where the rules of a bundle were written, as its origins say (rules/ruleset/origins.ts). */
import { parseJid } from '../address/jid.ts'
import type { Bundle } from '../bundle/bundle.ts'

/** FILE:LINE of a rule, or '' where the bundle does not say. */
export type Places = Readonly<{
  of(rule: string): string
  form(form: string): string
  /** That of the element's standard, else that of its form. */
  element(ns: string, form: string): string
  /** That of the domain of an address, else `otherwise`. */
  domain(address: string, otherwise: string): string
}>

export function placesOf(bundle: Bundle): Places {
  const places = new Map((bundle.origins ?? []).map(({ rule, file, line }) => [rule, `${file}:${line}`]))
  const of = (rule: string): string => places.get(rule) ?? ''
  const form = (name: string): string => of(`form/${name}`) || of('profile')
  return {
    of,
    form,
    element: (ns, name) => of(`namespace/${ns}`) || form(name),
    domain: (address, otherwise) => of(`domain/${parseJid(address)?.domain ?? ''}`) || otherwise,
  }
}
