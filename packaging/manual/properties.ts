/** The table of properties in doc/assurance.md. */
import { PROPERTIES } from '../../test/properties/properties.ts'

const BEGIN = '<!-- properties: made by scripts/manual.ts -->\n'
const END = '<!-- end of properties -->'

/** The page with the table between its marks made anew. */
export function withProperties(page: string): string {
  const [from, to] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)]
  if (from < BEGIN.length || to < from) throw new Error('doc/assurance.md has no place for the properties')
  const rows = PROPERTIES.map(({ id, says, held, rest }) => {
    const files = [
      ...new Set(held.map(({ file }) => `\`${file.replace('test/', '').replace('.test.ts', '')}\``)),
    ]
    return `| ${id} | ${says} | ${files.join(', ')}${rest === undefined ? '' : `${files.length > 0 ? '. ' : ''}${rest}`} |`
  })
  return `${page.slice(0, from)}\n| | property | held by the tests of |\n|---|---|---|\n${rows.join('\n')}\n\n${page.slice(to)}`
}
