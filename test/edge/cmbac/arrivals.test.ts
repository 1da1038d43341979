/** The order of stanzas that wait for clearances. */
import fc from 'fast-check'
import t from 'tap'
import { createArrivals } from '../../../edge/cmbac/arrivals.ts'

t.test('what need not wait goes at once; what is behind one that waits goes behind it', async (t) => {
  const gone: string[] = []
  const arrivals = createArrivals(1000, () => {})
  let free = () => {}
  let isKnown = false
  const wait = new Promise<void>((resolve) => {
    free = resolve
  })
  let early = 0
  arrivals.take(
    1,
    () => undefined,
    () => gone.push('a'),
  )
  t.same(gone, ['a'])
  arrivals.take(
    1,
    () => (isKnown ? undefined : wait),
    () => gone.push('b'),
  )
  arrivals.take(
    1,
    () => void early++,
    () => gone.push('c'),
  )
  t.same(gone, ['a'])
  t.equal(early, 1, 'what it needs is asked for while it waits')
  isKnown = true
  free()
  await new Promise(setImmediate)
  t.same(gone, ['a', 'b', 'c'])
  arrivals.take(
    1,
    () => undefined,
    () => gone.push('d'),
  )
  t.same(gone, ['a', 'b', 'c', 'd'])
})

t.test('it is full by octets, and says when it has room', async (t) => {
  let rooms = 0
  const arrivals = createArrivals(100, () => rooms++)
  let isKnown = false
  let free = () => {}
  const wait = new Promise<void>((resolve) => {
    free = resolve
  })
  const awaited = () => (isKnown ? undefined : wait)
  arrivals.take(99, awaited, () => {})
  t.notOk(arrivals.isFull())
  arrivals.take(1, awaited, () => {})
  t.ok(arrivals.isFull())
  isKnown = true
  free()
  await new Promise(setImmediate)
  t.notOk(arrivals.isFull())
  t.equal(rooms, 1)
})

t.test('whatever comes when, the order is that of arrival, and each goes once', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(3), { maxLength: 3 }), { maxLength: 30 }),
        async (stanzas) => {
          const gone: number[] = []
          const arrivals = createArrivals(1 << 20, () => {})
          // Each waits as often and as long as its numbers say.
          for (const [i, waits] of stanzas.entries()) {
            const left = [...waits]
            const awaited = () => {
              const turns = left.shift()
              if (turns === undefined) return undefined
              return (async () => {
                for (let n = 0; n < turns; n++) await new Promise(setImmediate)
              })()
            }
            arrivals.take(1, awaited, () => gone.push(i))
          }
          for (let n = 0; n < 500 && gone.length < stanzas.length; n++) await new Promise(setImmediate)
          return gone.length === stanzas.length && gone.every((number, i) => number === i)
        },
      ),
      { numRuns: 200 },
    ),
  )
})

t.test('so many ask at once, however many wait', async (t) => {
  let asking = 0
  let most = 0
  let gone = 0
  const arrivals = createArrivals(1 << 20, () => {})
  for (let i = 0; i < 500; i++) {
    let wait: Promise<void> | undefined
    let isKnown = false
    const awaited = () => {
      if (isKnown) return undefined
      wait ??= new Promise((resolve) => {
        most = Math.max(most, ++asking)
        setImmediate(() => {
          asking--
          isKnown = true
          resolve()
        })
      })
      return wait
    }
    arrivals.take(1, awaited, () => gone++)
  }
  for (let n = 0; n < 1000 && gone < 500; n++) await new Promise(setImmediate)
  t.equal(gone, 500)
  t.equal(most, 32)
})
