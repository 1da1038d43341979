/** Lists that stay readable however long they are. */
import { number } from '../review/words.ts'

/** So many items are named; the others are counted. */
const NAMED = 60

export function shortList(items: readonly string[], most = NAMED, separator = ', '): string {
  if (items.length <= most) return items.join(separator)
  return `${items.slice(0, most).join(separator)} and ${number(items.length - most)} more`
}
