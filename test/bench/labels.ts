/**
 * What labels and policies cost: decoding, validity, access and mapping a second, and the loading of a large policy.
 *
 * The policy is made here, of the size of the largest published ones (some 400 values in six tag sets). The yardstick of the
 * field is a C++ library: 220,000 a second for parse, validity and access of a STANAG 4774 label of 605 octets.
 */
import { access } from '../../rules/clearance/access.ts'
import { makeClearance } from '../../rules/clearance/clearance.ts'
import { bind4774, bindEss, essOf, informationOf, labelFromNames } from '../../rules/label/bind.ts'
import { decodeEss, encodeEss } from '../../rules/label/ess.ts'
import { type BindingProblem, isProblem } from '../../rules/label/label.ts'
import { type Label4774, read4774, write4774 } from '../../rules/label/stanag4774.ts'
import { readWireLabel, writeEssPayload, writeSecurityLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import { loadSpif } from '../../rules/spif/load.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { encodeBase64 } from '../../rules/text/base64.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'

/** One line of the report: how many a second, or for a policy how many milliseconds and kilobytes. */
export type LabelFigure = Readonly<
  { name: string; perSecond: number } | { name: string; milliseconds: number; kilobytes: number }
>

const LIMITS = { stanzaBytes: 1 << 16, depth: 16 }
const VALUES = 66

/** Measures each operation for so many seconds, after half of that to warm up. */
export function measureLabels(seconds: number): readonly LabelFigure[] {
  const source = policySource('A', '2.999.71', 'B', '2.999.72')
  const figures: LabelFigure[] = [measureLoading(source)]
  const own = policy(source)
  const other = policy(policySource('B', '2.999.72'))
  const label = sound(
    labelFromNames(own, {
      classification: 'CLASS 3',
      categories: [0, 1, 2].map((set) => ({
        tagSet: `SET ${set}`,
        values: ['VALUE 1', 'VALUE 40', 'VALUE 65'],
      })),
    }),
  )
  const clearance = makeClearance(own, own.classifications, label.categories)
  const ess = encodeEss(sound(essOf(own, label)))
  const date = '2026-01-02T03:04:05Z'
  const whole: Label4774 = {
    role: 'originator',
    information: sound(informationOf(own, label)),
    creation: date,
    review: date,
  }
  const tree = write4774(whole)
  const text = serialise(tree)
  const wireEss = writeSecurityLabel(writeEssPayload(encodeBase64(ess)))
  const wire4774 = writeSecurityLabel(tree)
  const fromText = () => bind4774(own, read(parse(text)).information)
  const fromEss = () => {
    const decoded = decodeEss(ess, 'der')
    if ('problem' in decoded) throw new Error(decoded.problem)
    return bindEss(own, decoded)
  }
  const operations: readonly (readonly [string, () => unknown])[] = [
    [`ESS, ${ess.length} octets: decode and bind`, fromEss],
    ['ESS: decode, validity, access', () => decide(sound(fromEss()))],
    ['ESS: from a stanza’s tree to the key of a row', () => readWireLabel(wireEss)],
    [`4774, ${text.length} octets: parse, decode and bind`, fromText],
    ['4774: parse, decode, validity, access', () => decide(sound(fromText()))],
    ['4774: from a stanza’s tree to the key of a row', () => readWireLabel(wire4774)],
    ['validity', () => validate(label, own)],
    ['access', () => access(label, clearance, own)],
    ['mapping, result validated', () => mapOutgoing(label, own, other)],
  ]
  for (const [name, run] of operations) figures.push({ name, perSecond: rate(run, seconds) })
  return figures

  function decide(bound: typeof label): boolean {
    return validate(bound, own).length === 0 && access(bound, clearance, own).permit
  }
}

/** The figures as lines of a report. */
export function labelReport(figures: readonly LabelFigure[]): string {
  return figures
    .map((figure) =>
      'perSecond' in figure
        ? `${Math.round(figure.perSecond).toLocaleString('en').padStart(12)}/s  ${figure.name}`
        : `${figure.milliseconds.toFixed(1).padStart(11)} ms  ${figure.name}; ${Math.round(figure.kilobytes)} kB kept`,
    )
    .join('\n')
}

function measureLoading(source: string): LabelFigure {
  for (let i = 0; i < 5; i++) policy(source)
  const kept: Spif[] = []
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const start = performance.now()
  for (let i = 0; i < 10; i++) kept.push(policy(source))
  const milliseconds = (performance.now() - start) / kept.length
  globalThis.gc?.()
  const kilobytes = (process.memoryUsage().heapUsed - before) / 1000 / kept.length
  const count = kept[0]!.tagSets.flatMap((set) => set.tags.flatMap((tag) => tag.values)).length
  return {
    name: `a SPIF of ${Math.round(source.length / 1000)} kB with ${count} values: load`,
    milliseconds,
    kilobytes,
  }
}

/** A second of processor time, so that others on the machine do not count. */
function rate(run: () => unknown, seconds: number): number {
  perSecond(run, seconds / 2)
  return perSecond(run, seconds)
}

function perSecond(run: () => unknown, seconds: number): number {
  const before = process.cpuUsage()
  let done = 0
  for (;;) {
    for (let i = 0; i < 200; i++) run()
    done += 200
    const { user, system } = process.cpuUsage(before)
    const used = (user + system) / 1e6
    if (used >= seconds) return done / used
  }
}

function sound<T extends object>(value: T | BindingProblem): T {
  if (isProblem(value)) throw new Error(`${value.problem} ${value.detail}`)
  return value
}

function parse(text: string): XmlElement {
  const root = parseText(text, LIMITS)
  if (refused(root)) throw new Error(root.refused)
  return root
}

function read(root: XmlElement): Label4774 {
  const label = read4774(root, 'strict')
  if ('problem' in label) throw new Error(label.problem)
  return label.label
}

function policy(source: string): Spif {
  const loaded = loadSpif(source, { strict: true })
  if ('problems' in loaded) throw new Error(loaded.problems[0]!.message)
  return loaded.spif
}

/** Six tag sets of the common kinds, each value with marking, an excluded class and, if asked, an equivalence. */
function policySource(name: string, id: string, otherName?: string, other?: string): string {
  const kinds = [
    'tagType="restrictive"',
    'tagType="permissive"',
    'tagType="enumerated" enumType="permissive"',
    'tagType="permissive"',
    'tagType="enumerated" enumType="restrictive"',
    'tagType="tagType7"',
  ]
  const classes = [1, 2, 3, 4, 5].map((n) => {
    const same =
      other === undefined
        ? ''
        : `<equivalentClassification policyRef="${otherName}" lacv="${n}" applied="both"/>`
    return `<securityClassification name="CLASS ${n}" lacv="${n}" hierarchy="${n}">${same}</securityClassification>`
  })
  const sets = kinds.map((kind, set) => {
    const values = Array.from({ length: VALUES }, (_, n) => {
      const same =
        other === undefined
          ? ''
          : `<equivalentSecCategoryTag policyRef="${otherName}" tagSetId="${other}.${set}" ${kind} lacv="${n}" applied="both"/>`
      const marking =
        '<markingData phrase="Phrase"><code>pageTopBottom</code></markingData><markingData phrase="Tournure" xml:lang="fr"><code>pageTopBottom</code></markingData>'
      return `<tagCategory name="VALUE ${n}" lacv="${n}">${same}${marking}<excludedClass>CLASS 5</excludedClass></tagCategory>`
    })
    return `<securityCategoryTagSet name="SET ${set}" id="${id}.${set}"><securityCategoryTag ${kind}>${values.join('')}</securityCategoryTag></securityCategoryTagSet>`
  })
  const policies =
    other === undefined
      ? ''
      : `<equivalentPolicies><equivalentPolicy name="${otherName}" id="${other}"/></equivalentPolicies>`
  return `<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" creationDate="" originatorDN="" keyIdentifier="" privilegeId="2.16.840.1.101.2.1.8.3" rbacId="2.16.840.1.101.2.1.8.3"><securityPolicyId name="${name}" id="${id}"/><securityClassifications>${classes.join('')}</securityClassifications><securityCategoryTagSets>${sets.join('')}</securityCategoryTagSets>${policies}</SPIF>`
}
