/** The list `labels` of edge.yaml: what is wrong with it is said with its place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadEdgeConfig } from '../../../edge/config/load.ts'
import { writeWorld } from '../world.ts'
import { ACME_TEXT, CWIX_TEXT } from './policies.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-labels-config-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const { yaml } = await writeWorld(folder, { server: 5270, guard: 7001 }, {})
writeFileSync(join(folder, 'acme.spif.xml'), ACME_TEXT)
writeFileSync(join(folder, 'cwix.spif.xml'), CWIX_TEXT)
writeFileSync(join(folder, 'spelt.spif.xml'), CWIX_TEXT.replace('UNCLASSIFIED', 'Unclassified'))
writeFileSync(join(folder, 'renamed.spif.xml'), CWIX_TEXT.replace('"SECRET"', '"MOST SECRET"'))

const BOTH = ['acme.spif.xml', 'cwix.spif.xml']
const GOOD = [
  { domain: 'high.example', format: 'ess-0258' },
  { domain: 'conference.high.example', format: 'first-line' },
]

function load(labels: unknown, policies: readonly string[] | undefined = BOTH) {
  const file = join(folder, 'changed.yaml')
  const cmbac = policies.length === 0 ? {} : { cmbac: { policies } }
  writeFileSync(file, JSON.stringify({ ...yaml, ...cmbac, labels }, undefined, 2))
  return loadEdgeConfig(file, Date.now())
}

t.test('a good one, and none', (t) => {
  const config = load(GOOD)
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  t.same(
    [...config.labels],
    GOOD.map(({ domain, format }) => [domain, format]),
  )
  const none = load(undefined, [])
  if ('problems' in none) throw new Error(none.problems.join('\n'))
  t.equal(none.labels.size, 0)
  t.end()
})

t.test('each mistake is found, with its place', (t) => {
  const wrong = (like: readonly RegExp[], labels: unknown, policies?: readonly string[]) =>
    t.match(load(labels, policies), { problems: like }, String(like[0]))
  const one = (more: object) => [{ ...GOOD[0], ...more }]
  wrong([/: low\.example is not an own domain of the bundle/], one({ domain: 'low.example' }))
  wrong([/: high\.example stands here twice/], [GOOD[0], GOOD[0]])
  wrong([/ess-0258, 4774-0258, 4774-4778 or first-line/], one({ format: 'ess' }))
  wrong([/format/], [{ domain: 'high.example' }])
  wrong([/more/], one({ more: 1 }))
  wrong([/labels/], [])
  wrong(
    [
      /: the labels of this side in the rows .* and 3 more cannot be told: there is no policy; name the SPIF .* in cmbac\.policies/,
    ],
    GOOD,
    [],
  )
  wrong(
    [
      /in the rows cwix-unclassified, cwix-restricted, cwix-secret and 1 more cannot be told: their policy is missing/,
    ],
    GOOD,
    ['acme.spif.xml'],
  )
  wrong(
    [/the rows cwix-secret and cwix-secret-aus cannot be told: their policy is missing, or another edition/],
    GOOD,
    ['acme.spif.xml', 'renamed.spif.xml'],
  )
  wrong([/the rows cwix-unclassified cannot be told: their policy/], GOOD, [
    'acme.spif.xml',
    'spelt.spif.xml',
  ])
  const unread = load(GOOD, ['acme.spif.xml', 'none.spif.xml'])
  t.match(unread, { problems: [/none\.spif\.xml cannot be read/] })
  t.equal('problems' in unread && unread.problems.length, 1, 'one mistake is told once')
  t.end()
})
