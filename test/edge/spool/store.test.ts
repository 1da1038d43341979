/** The files of a spool: what a crash leaves is read again, what is damaged is refused, what nobody needs leaves the disk. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeRecords, encodeRecord } from '../../../edge/spool/record.ts'
import { openStore, readStore, type Store } from '../../../edge/spool/store.ts'
import { until } from '../world.ts'

function folderOf(t: Test): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'sallyport-spool-')), 'spool')
  t.teardown(() => rmSync(join(folder, '..'), { recursive: true, force: true }))
  return folder
}

function read(folder: string): string[] {
  const found: string[] = []
  readStore(folder, (members, payload) => void found.push(`${JSON.stringify(members)}${payload}`))
  return found
}

function open(t: Test, folder: string, troubles: (string | undefined)[] = []): Store {
  const start = readStore(folder, () => {})
  const store = openStore({
    folder,
    start,
    heading: () => ({ heading: true }),
    onTrouble: (problem) => void troubles.push(problem),
  })
  t.teardown(store.close)
  return store
}

const durable = (store: Store, name: string) =>
  new Promise<number>((resolve) => {
    const file = store.append({ name }, Buffer.from(`body of ${name}`), () => resolve(file))
  })

const HEADING = '{"heading":true}'
const line = (name: string) => `{"name":"${name}"}body of ${name}`

t.test('what is durable is read again, and only the owner may read it', async (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  const order: string[] = []
  store.append({ name: 'a' }, Buffer.from('body of a'), () => order.push('a'), true)
  store.mark(() => order.push('mark'))
  const file = await durable(store, 'b')
  t.same(order, ['a', 'mark'], 'durable in order')
  store.mark(() => order.push('at once'))
  t.equal(order.at(-1), 'at once')
  t.same(read(folder), [HEADING, line('a'), line('b')])
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600)

  store.hold(file)
  await store.close()
  const again = open(t, folder)
  await durable(again, 'c')
  t.same(read(folder), [HEADING, line('a'), line('b'), line('c')], 'and goes on there')
})

t.test('a lazy record is durable soon', async (t) => {
  const store = open(t, folderOf(t))
  let done = false
  store.append({ name: 'a' }, undefined, () => (done = true), true)
  t.ok(await until(() => done))
})

t.test('a torn end is cut off, at every octet', async (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  await durable(store, 'a')
  const [name] = readdirSync(folder)
  const path = join(folder, name!)
  const sound = readFileSync(path)
  store.hold(await durable(store, 'b'))
  await store.close()
  const whole = readFileSync(path)
  for (let octets = sound.length; octets < whole.length; octets++) {
    writeFileSync(path, whole.subarray(0, octets))
    const start = readStore(folder, () => {})
    t.equal(start.octets, sound.length)
    t.equal(start.torn, octets - sound.length)
  }
  for (const tail of [Buffer.alloc(1), Buffer.alloc(4096)]) {
    writeFileSync(path, Buffer.concat([sound, tail]))
    t.equal(readStore(folder, () => {}).octets, sound.length, 'zeros')
  }
  writeFileSync(path, whole.subarray(0, -1))
  const again = open(t, folder)
  await durable(again, 'c')
  t.same(read(folder), [HEADING, line('a'), line('c')], 'the next record takes its place')
})

t.test('damage in the middle is refused, at every octet', (t) => {
  const folder = folderOf(t)
  mkdirSync(folder)
  const records = ['a', 'b', 'c'].map((name) => encodeRecord({ name }, Buffer.from('body')))
  const whole = Buffer.concat(records)
  const path = join(folder, '0000000000000001.spool')
  for (let at = 0; at < records[0]!.length + records[1]!.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at]! ^= 1
    writeFileSync(path, damaged)
    t.throws(() => readStore(folder, () => {}), {
      message:
        /0000000000000001\.spool: the (head of the )?record at octet [0-9]+ is damaged: look at the disk; then "sallyport edge restored"/,
    })
  }
  writeFileSync(path, whole)
  writeFileSync(join(folder, '0000000000000002.spool'), whole)
  t.equal(read(folder).length, 6)
  truncateSync(path, whole.length - 1)
  t.throws(
    () => readStore(folder, () => {}),
    { message: /its end was cut off/ },
    'an end that is not the last',
  )
  writeFileSync(path, whole)
  writeFileSync(join(folder, '0000000000000004.spool'), whole)
  t.throws(() => readStore(folder, () => {}), {
    message: /0000000000000002\.spool: 0000000000000003\.spool, which follows, is missing/,
  })
  t.end()
})

t.test('records of any content come back', (t) => {
  for (const payload of [Buffer.alloc(0), Buffer.from([0, 255, 10]), Buffer.alloc(70_000, 7)]) {
    const members = { text: 'é"\u0000\n', long: 'x'.repeat(70_000) }
    let found: unknown
    t.equal(
      decodeRecords(Buffer.from(encodeRecord(members, payload)), (...record) => {
        found = record
      }),
      encodeRecord(members, payload).length,
    )
    t.same(found, [members, payload])
  }
  t.end()
})

t.test('what is needed by nobody leaves the disk', async (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  const onDisk = () =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join()
  const first = await durable(store, 'first')
  store.hold(first)
  store.tidy()
  await durable(store, 'second')
  t.match(onDisk(), /body of first/, 'not while it is needed')
  store.release(first)
  t.match(onDisk(), /body of first/)
  store.tidy()
  t.ok(await until(() => !/body of/.test(onDisk())))
  t.same(read(folder), [HEADING])

  await durable(store, 'third')
  await store.close()
  t.same(read(folder), [HEADING], 'nor after a clean end')
})

t.test('a file that is full is followed by another, and goes when nothing in it is needed', async (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  const big = Buffer.alloc(1024 * 1024)
  const files = await Promise.all(
    Array.from(
      { length: 10 },
      () =>
        new Promise<number>((resolve) => {
          const file = store.append({}, big, () => resolve(file))
          store.hold(file)
        }),
    ),
  )
  t.same([...new Set(files)], [1, 2, 3])
  const other = open(t, folderOf(t))
  const only = await durable(other, 'only')
  other.hold(only)
  for (let i = 0; i < 5; i++) other.append({}, big)
  other.release(only)
  t.equal(await durable(other, 'last'), 2, 'it goes when what follows is durable')
  t.equal(readdirSync(folder).length, 3)
  for (const file of files.filter((file) => file === 2)) store.release(file)
  t.equal(readdirSync(folder).length, 3, 'the oldest first')
  for (const file of files.filter((file) => file === 1)) store.release(file)
  t.equal(readdirSync(folder).length, 1)
  t.same(read(folder)[0], HEADING)
})

t.test('what cannot be written is kept, and written when it can be', async (t) => {
  const folder = folderOf(t)
  const troubles: (string | undefined)[] = []
  const store = open(t, folder, troubles)
  await durable(store, 'a')
  // Something is in the way of the next file.
  mkdirSync(join(folder, '0000000000000002.spool'))
  store.tidy()
  t.ok(await until(() => troubles.length === 1))
  t.match(
    troubles[0],
    /spool cannot be written \(EISDIR\): make room or mend the disk; nothing moves until then/,
  )
  let done = ''
  store.append({ name: 'b' }, Buffer.from('body of b'), () => (done += 'b'))
  store.append({ name: 'c' }, Buffer.from('body of c'), () => (done += 'c'))
  await until(() => false, 1500)
  t.equal(done, '', 'nothing is said to be durable')
  rmdirSync(join(folder, '0000000000000002.spool'))
  t.ok(await until(() => done === 'bc'))
  t.equal(troubles.length, 2)
  t.equal(troubles[1], undefined)
  t.same(read(folder), [HEADING, line('b'), line('c')])
})

t.test('a crash between a new file and its first record', async (t) => {
  const folder = folderOf(t)
  const store = open(t, folder)
  store.hold(await durable(store, 'a'))
  await store.close()
  appendFileSync(join(folder, '0000000000000002.spool'), '')
  const again = open(t, folder)
  await durable(again, 'b')
  t.same(read(folder), [HEADING, line('b')], 'what was before is needed by nobody here')
})

t.test('a folder that cannot be had', (t) => {
  const folder = folderOf(t)
  writeFileSync(folder, '')
  t.throws(() => readStore(folder, () => {}), { message: /cannot be used \(EEXIST|ENOTDIR\)/ })
  t.end()
})
