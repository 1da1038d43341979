/** Two policies for tests of clearances, the first that of the labels of bundles.ts, and what is made in their words. */
import { type Clearance, makeClearance } from '../../../rules/clearance/clearance.ts'
import { labelFromNames } from '../../../rules/label/bind.ts'
import { isProblem, type Label } from '../../../rules/label/label.ts'
import { loadSpif, type Spif } from '../../../rules/spif/index.ts'

const classification = (name: string, lacv: number) =>
  `<securityClassification name="${name}" lacv="${lacv}" hierarchy="${lacv}"/>`
const tag = (set: string, id: string, kind: string, values: readonly string[]) =>
  `<securityCategoryTagSet name="${set}" id="${id}"><securityCategoryTag name="${set}" tagType="${kind}" singleSelection="false">${values
    .map((value, i) => `<tagCategory name="${value}" lacv="${i + 1}"/>`)
    .join('')}</securityCategoryTag></securityCategoryTagSet>`

function spifText(name: string, id: string): string {
  return `<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" version="1" creationDate="20260901000000Z" originatorDN="CN=test" keyIdentifier="" privilegeId="2.16.840.1.101.2.1.8.3" rbacId="2.16.840.1.101.2.1.8.3"><securityPolicyId name="${name}" id="${id}"/><securityClassifications>${classification('OPEN', 1)}${classification('RESTRICTED', 2)}${classification('SECRET', 4)}</securityClassifications><securityCategoryTagSets>${tag('Need', `${id}.1`, 'restrictive', ['ALPHA', 'BETA'])}${tag('Nation', `${id}.2`, 'permissive', ['AUS', 'NZL'])}</securityCategoryTagSets></SPIF>`
}

export const ACME_TEXT = spifText('ACME', '1.2.3.4')
export const OTHER_TEXT = spifText('OTHER', '1.2.3.5')

function load(text: string): Spif {
  const loaded = loadSpif(text, { strict: true })
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return loaded.spif
}

export const ACME = load(ACME_TEXT)
export const OTHER = load(OTHER_TEXT)

type Categories = Readonly<Record<string, readonly string[]>>

export function label(spif: Spif, classification: string, categories: Categories = {}): Label {
  const made = labelFromNames(spif, {
    classification,
    categories: Object.entries(categories).map(([tagSet, values]) => ({ tagSet, values })),
  })
  if (isProblem(made)) throw new Error(`${made.problem} ${made.detail}`)
  return made
}

export function clearance(
  spif: Spif,
  classifications: readonly string[],
  categories: Categories = {},
): Clearance {
  const classes = classifications.map((name) => label(spif, name).classification)
  return makeClearance(spif, classes, label(spif, 'OPEN', categories).categories)
}
