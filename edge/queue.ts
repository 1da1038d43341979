/** A first-in first-out queue without cost for its length. */

export type Queue<T> = Readonly<{
  push(item: T): void
  shift(): T | undefined
  /** Puts items that had been taken out back in front, in their order. */
  unshift(items: readonly T[]): void
  peek(): T | undefined
  /** Takes out what matches; the rest keeps its order. */
  remove(match: (item: T) => boolean): T[]
  items(): T[]
  size(): number
}>

const COMPACT_AT = 1024

export function createQueue<T>(): Queue<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    push(item) {
      items.push(item)
    },
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      if (head === items.length) {
        items = []
        head = 0
      } else if (head >= COMPACT_AT && head * 2 >= items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    unshift(back) {
      items = [...back, ...items.slice(head)]
      head = 0
    },
    peek: () => items[head],
    remove(match) {
      const removed: T[] = []
      const kept: T[] = []
      for (const item of items.slice(head) as T[]) (match(item) ? removed : kept).push(item)
      items = kept
      head = 0
      return removed
    },
    items: () => items.slice(head) as T[],
    size: () => items.length - head,
  }
}
