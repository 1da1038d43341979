/** The state folder: numbers go on where they were, and a folder that was copied is not taken for the newest. */
import {
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { incomingHeading, readIncoming } from '../../edge/incoming/spool.ts'
import { outgoingHeading, readOutgoing } from '../../edge/outgoing/spool.ts'
import { beginAnew } from '../../edge/restored.ts'
import { encodeRecord } from '../../edge/spool/record.ts'
import { renewStore } from '../../edge/spool/store.ts'
import { acceptPlace, raiseGeneration, spoolFolders, takeState } from '../../edge/state.ts'

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'state')
}

/** Takes the folder as an edge does, and gives it spools. */
function start(state: string, told: string[] = []): number {
  const generation = takeState(state, (line) => told.push(line))
  const { outgoing, incoming } = spoolFolders(state)
  renewStore(outgoing, outgoingHeading(generation, 0, 0, 1, 1))
  renewStore(incoming, incomingHeading({ generation: 7, count: 9 }, 1, 1))
  return generation
}

t.test('the generation stays as long as the spool does', (t) => {
  const state = folderOf(t)
  const told: string[] = []
  t.same([start(state, told), start(state, told), start(state, told)], [1, 1, 1])
  t.same(told, [])
  rmSync(join(state, 'outgoing'), { recursive: true })
  t.equal(start(state, told), 2)
  t.match(told, [/outgoing: there was no spool: what waited in it is lost; numbers go on in generation 2$/])
  t.equal(start(state, told), 2)
  renameSync(state, `${state}-moved`)
  t.equal(start(`${state}-moved`), 2, 'a folder that was renamed is the same')
  t.end()
})

t.test('a copied folder is refused until the operator has said what it is', (t) => {
  const state = folderOf(t)
  start(state)
  const copy = `${state}-copy`
  cpSync(state, copy, { recursive: true })
  t.throws(() => start(copy), {
    message:
      /was copied\. If it is of a backup, run "sallyport edge restored"; .* "sallyport edge restored --moved"$/,
  })
  acceptPlace(copy)
  t.equal(start(copy), 1)

  const other = `${state}-other`
  cpSync(state, other, { recursive: true })
  t.same(beginAnew(other), { generation: 257, outgoing: 0, incoming: 0 })
  t.equal(start(other), 257)
  t.end()
})

t.test('beginning anew empties both spools, and keeps the highest number taken', (t) => {
  const state = folderOf(t)
  const generation = start(state)
  const { outgoing, incoming } = spoolFolders(state)
  const stanza = {
    peer: 'b',
    stanza: 1,
    at: 0,
    kind: 'message',
    type: '',
    from: 'a@b',
    to: 'c@d',
    tell: true,
  }
  const file = join(outgoing, '0000000000000002.spool')
  const heading = encodeRecord(outgoingHeading(generation, 0, 0, 1, 1))
  writeFileSync(file, Buffer.concat([heading, encodeRecord(stanza, Buffer.from('SECRET'))]))
  rmSync(join(outgoing, '0000000000000001.spool'))
  t.same(beginAnew(state), { generation: 257, outgoing: 1, incoming: 0 })
  t.equal(readOutgoing(outgoing, Date.now).kept.live.size, 0)
  t.same(readIncoming(incoming, Date.now).last, { generation: 7, count: 9 })
  t.equal(start(state), 257)

  writeFileSync(join(outgoing, '0000000000000009.spool'), 'not a record of ours, in a file out of its turn')
  t.same(beginAnew(state), { generation: 513, outgoing: undefined, incoming: 0 }, 'also a damaged one')
  t.equal(start(state), 513)
  t.end()
})

t.test(
  'what root writes is given to the owner of the folder',
  { skip: process.getuid?.() !== 0 && 'not root' },
  (t) => {
    const state = folderOf(t)
    start(state)
    const owned = (...path: string[]) => statSync(join(state, ...path)).uid
    chownSync(state, 1234, 1234)
    beginAnew(state)
    t.same(
      [
        owned('generation'),
        owned('outgoing'),
        owned('incoming'),
        owned('outgoing', '0000000000000002.spool'),
      ],
      [1234, 1234, 1234, 1234],
    )
    t.end()
  },
)

t.test('the file of the generation', (t) => {
  const state = folderOf(t)
  t.equal(raiseGeneration(state), 1)
  t.equal(raiseGeneration(state), 2)
  t.match(readFileSync(join(state, 'generation'), 'latin1'), /^2\n[0-9]+\.[0-9]+\n$/)
  for (const [text, wanted] of [
    ['', /does not hold a number/],
    ['x\n', /does not hold a number/],
    ['0x1\n', /does not hold a number/],
    ['-1\n', /does not hold a number/],
    ['1.5\n', /does not hold a number/],
    ['1\nx\n', /does not hold a number/],
    ['1\n0.0\n\n', /does not hold a number/],
    ['65535\n', /all 65535 generations are used up/],
  ] as const) {
    writeFileSync(join(state, 'generation'), text)
    t.throws(() => raiseGeneration(state), { message: wanted }, JSON.stringify(text))
  }
  writeFileSync(join(state, 'generation'), '7\n')
  t.equal(start(state), 8, 'one that an operator wrote')
  const folder = join(state, '..')
  writeFileSync(join(folder, 'a-file'), '')
  t.throws(() => raiseGeneration(join(folder, 'a-file', 'state')), { message: /cannot be used \(ENOTDIR\)/ })
  mkdirSync(join(folder, 'odd', 'generation'), { recursive: true })
  t.throws(() => raiseGeneration(join(folder, 'odd')), { message: /cannot be used \(EISDIR\)/ })
  t.end()
})
