/** The tests' own policies, loaded once, and variants of them with one thing changed. */
import { readFileSync } from 'node:fs'
import { type LabelNames, labelFromNames } from '../../rules/label/bind.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { type LoadedSpif, loadSpif } from '../../rules/spif/load.ts'
import type { Finding, Spif } from '../../rules/spif/spif.ts'

export type PolicyName = 'orchard' | 'meadow'

export function sourceOf(name: PolicyName): string {
  return readFileSync(new URL(`fixtures/${name}.spif.xml`, import.meta.url), 'utf8')
}

/** The source of a policy with `from` replaced by `to`; it must stand there. */
export function changed(name: PolicyName, from: string, to: string): string {
  const source = sourceOf(name)
  if (!source.includes(from)) throw new Error(`${name} has no ${JSON.stringify(from)}`)
  return source.replace(from, () => to)
}

export function load(source: string, strict = true): Spif {
  const loaded = loadSpif(source, { strict })
  if ('problems' in loaded) throw new Error(loaded.problems.map((p) => `${p.line}: ${p.message}`).join('\n'))
  return loaded.spif
}

/** Kinds of problems, or of findings when it loads. */
export function kindsOf(loaded: LoadedSpif): readonly string[] {
  const list: readonly Finding[] = 'problems' in loaded ? loaded.problems : loaded.findings
  return list.map((finding) => finding.kind)
}

export const orchard = load(sourceOf('orchard'))
export const meadow = load(sourceOf('meadow'))
/** Orchard with the category syntax of MISSI. */
export const missi = load(
  changed('orchard', 'rbacId="2.16.840.1.101.2.1.8.3"', 'rbacId="2.16.840.1.101.2.1.8.1"'),
)

/** A label in words: class, then `Tag set=A,B`, and `#mark`. */
export function label(spif: Spif, classification: string, ...parts: readonly string[]): Label {
  const mark = parts.find((part) => part.startsWith('#'))?.slice(1)
  const names: LabelNames = {
    classification,
    categories: parts
      .filter((part) => !part.startsWith('#'))
      .map((part) => ({ tagSet: part.split('=')[0]!, values: part.split('=')[1]!.split(',') })),
    ...(mark === undefined ? {} : { privacyMark: mark }),
  }
  const made = labelFromNames(spif, names)
  if (isProblem(made)) throw new Error(`${made.problem} ${made.detail}`)
  return made
}

/** A label as short text, for comparing. */
export function words({ classification, categories, privacyMark }: Label): string {
  const values = categories.map(({ tagSet, value }) => `${tagSet.name}=${value.name}`)
  return [classification.name, ...values, ...(privacyMark === undefined ? [] : [`#${privacyMark}`])].join(' ')
}
