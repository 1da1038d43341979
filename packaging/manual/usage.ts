/** The usage texts in doc/sallyport.md, as the commands print them. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))

/** The page with each block behind `<!-- usage: WORDS -->` made anew from `sallyport WORDS --help`. */
export function withUsages(page: string): string {
  return page.replace(/<!-- usage:([a-z ]*)-->\n```\n[^`]*```/g, (_block, words: string) => {
    const args = words.split(' ').filter((word) => word !== '')
    const text = execFileSync(process.execPath, [COMMAND, ...args, '--help'], { encoding: 'utf8' })
    return `<!-- usage:${words}-->\n\`\`\`\n${text}\`\`\``
  })
}
