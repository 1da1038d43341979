/** A first-in first-out queue without cost for its length. */

export type Queue<T> = Readonly<{
  push(item: T): void
  shift(): T | undefined
  /** Puts items that had been taken out back in front, in their order. */
  unshift(items: readonly T[]): void
  peek(): T | undefined
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
    size: () => items.length - head,
  }
}
