/** doc/operator.md against the code: every metric, every reason, and no quoted line that nothing says. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { OUTCOMES } from '../../edge/incoming/relay.ts'
import { createMetrics } from '../../edge/metrics.ts'
import { EDGE_REASONS } from '../../edge/outgoing/relay.ts'
import { createFigures as exportFigures } from '../../guard/export/figures.ts'
import { createCatalogue } from '../../guard/metrics/catalogue.ts'
import { createFigures as witnessFigures } from '../../guard/witness/figures.ts'
import { REASONS } from '../../rules/reasons.ts'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'doc', 'operator.md'), 'utf8')

/** The first column of the table whose head begins with `head`; codes without their quotes. */
function firstColumn(head: string): string[] {
  const lines = page.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`))
  if (start === -1) throw new Error(`doc/operator.md has no table "${head}"`)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? line)
}

t.test('every figure of a guard, and none that there is not', async (t) => {
  const catalogue = createCatalogue({
    guard: 'x',
    latest: { intake: undefined, release: undefined, journal: undefined },
    startsAgain: 0,
    ready: () => undefined,
    now: () => 0,
  })
  const names = catalogue.getMetricsAsArray().map(({ name }) => name.replace(/^sallyport_guard_/, ''))
  t.same(firstColumn('`sallyport_guard_…`').sort(), names.sort())
})

t.test('every figure of an edge with its labels, and none that there is not', async (t) => {
  const { registry } = createMetrics(
    { name: 'x', side: 'y', bundle_out: '', bundle_in: '' },
    {
      streams: () => [],
      queues: () => ({}) as never,
      certificates: () => [],
      missing: () => [],
      notes: () => [],
    },
  )
  const metrics = registry
    .getMetricsAsArray()
    .filter(({ name }) => name.startsWith('sallyport_edge_')) as unknown as {
    name: string
    labelNames: string[]
  }[]
  const names = metrics.map(({ name }) => name.replace(/^sallyport_edge_/, ''))
  t.same(firstColumn('`sallyport_edge_…`').sort(), names.sort())
  for (const { name, labelNames } of metrics) {
    const row = page
      .split('\n')
      .find(
        (line) =>
          line.startsWith(`| \`${name.replace(/^sallyport_edge_/, '')}\` |`) &&
          !line.includes('histogram: from the frame'),
      )
    const by = [...(row?.split('|')[2] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, label]) => label)
    if (name !== 'sallyport_edge_latency_seconds' && name !== 'sallyport_edge_ready')
      t.same(by, labelNames, name)
  }
})

t.test('every figure of export and witness with its labels, and none that there is not', async (t) => {
  const registries = {
    export: exportFigures({ destinations: new Map(), journal: () => 0 }),
    witness: witnessFigures({ guards: [], turnedAway: () => 0, notAfter: 0 }),
  }
  for (const [program, registry] of Object.entries(registries)) {
    const metrics = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[]
    const head = `\`sallyport_${program}_…\``
    const short = ({ name }: { name: string }) => name.replace(`sallyport_${program}_`, '')
    t.same(firstColumn(head).sort(), metrics.map(short).sort())
    const table = page.slice(page.indexOf(`| ${head}`))
    for (const metric of metrics) {
      const row = table.split('\n').find((line) => line.startsWith(`| \`${short(metric)}\` |`))
      const by = [...(row?.split('|')[2] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, label]) => label)
      t.same(by, metric.labelNames, metric.name)
    }
  }
})

t.test('every reason and outcome, in the order of the code', async (t) => {
  t.same(firstColumn('reason'), REASONS)
  t.same(firstColumn('reason at the edge'), EDGE_REASONS)
  t.same(firstColumn('outcome'), OUTCOMES)
})

t.test('what it quotes of logs and health is said somewhere', async (t) => {
  const code = globSync('{guard,edge,cli,rules}/**/*.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const parts = ['## Symptom', '## Lines of the log'].map((head) => {
    const from = page.indexOf(head)
    const next = page.indexOf('\n## ', from + 1)
    return page.slice(from, next === -1 ? undefined : next)
  })
  const pieces = [...parts.join('\n').matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, quoted]) => (quoted ?? '').split('…'))
    .map((piece) => piece.replace(/^[:.,;) ]+|[:(. ]+$/g, '').trim())
    .filter((piece) => / /.test(piece) && !/^(curl|sallyport|journalctl) /.test(piece))
  t.ok(pieces.length > 20, `${pieces.length} quotations`)
  for (const piece of new Set(pieces)) t.ok(code.includes(piece), `"${piece}" is said`)
})
