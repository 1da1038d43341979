import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XmlDocument } from 'libxml2-wasm'
import t from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { asHtml } from '../../rules/review/html.ts'
import { residualBits, total } from '../../rules/review/residual.ts'
import { reviewPage } from '../../rules/review/review.ts'
import { asText } from '../../rules/review/text.ts'
import { visible } from '../../rules/review/visible.ts'
import { everyPair, pairRulesets } from '../support/pairs.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'

const rulesets = new Map([
  ...exampleNames().map((name) => [name, exampleSources(name)] as const),
  ['pairs, released', pairRulesets('ess-0258+equivalentlabel').out] as const,
  ['pairs, accepted', everyPair()] as const,
])

for (const [name, sources] of rulesets) {
  const { bundle, digest } = compiled(sources)
  const page = reviewPage(bundle, digest)
  const html = asHtml(page)
  const text = asText(page)

  t.test(`${name}: the page says everything that the bundle lets through`, (t) => {
    for (const shown of [html, text.replaceAll(/\s+/g, ' ')]) {
      for (const row of bundle.labels.rows) {
        t.ok(shown.includes(row.name) && shown.includes(row.input.marking), row.name)
        t.ok(shown.includes(row.output.marking), row.output.marking)
        for (const { beside } of [row.input, row.output])
          if (beside !== undefined) t.ok(shown.includes(beside.marking), beside.marking)
      }
      for (const side of [bundle.from, bundle.to]) {
        for (const domain of side.domains) t.ok(shown.includes(domain.name), domain.name)
      }
      for (const word of names(bundle)) t.ok(shown.includes(word), word)
      t.ok(shown.includes(digest))
      for (const { sha256 } of bundle.sources) t.ok(shown.includes(sha256), 'each source')
      for (const example of bundle.examples ?? []) t.ok(shown.includes(example.name), example.name)
      t.notMatch(shown, /undefined(?!-condition)|NaN|\[object/)
    }
    t.end()
  })

  t.test(`${name}: one file, no scripts, nothing loaded, well-formed`, (t) => {
    t.notMatch(html, /<script|<img|<link|<iframe|<object|@import|url\(|\son[a-z]+=/i)
    const xml = html.replace('<!DOCTYPE html>', '').replace(/<meta[^>]*>/g, '')
    const document = XmlDocument.fromString(xml)
    t.equal(document.root.name, 'html')
    document.dispose()
    t.ok(
      text.split('\n').every((line) => line.length <= 110 || /[0-9a-f]{64}|<|http/.test(line)),
      'lines are short',
    )
    t.end()
  })
}

function names(bundle: Bundle): string[] {
  const found = new Set<string>()
  const walk = (slots: Bundle['forms'][number]['slots']): void => {
    for (const slot of slots) {
      if (slot.type === 'label') continue
      for (const rule of slot.of) {
        found.add(rule.name)
        for (const { name } of rule.attributes) found.add(name)
        if (rule.content.type === 'elements') walk(rule.content.slots)
      }
    }
  }
  for (const form of bundle.forms) walk(form.slots)
  return [...found]
}

const { bundle, digest } = compiled(exampleSources('acme-to-coalition'))

t.test('what a bundle says cannot become markup, nor hide', (t) => {
  const row = bundle.labels.rows[0]!
  const evil = '"><script>alert(1)</script>\u202e\u200b'
  const words = { ...row.input.words!, fgcolor: 'red;}', bgcolor: '#000000"><b>', classification: evil }
  const altered: Bundle = {
    ...bundle,
    name: evil,
    labels: {
      ...bundle.labels,
      rows: [{ ...row, name: evil, input: { ...row.input, marking: evil, words } }],
    },
  }
  const html = asHtml(reviewPage(altered, digest, { problems: [evil] }))
  t.notMatch(html, /<script|<b>|red;/)
  t.notMatch(html, /[\u202e\u200b]/)
  t.match(html, /⟨U\+202E⟩⟨U\+200B⟩/)
  t.notMatch(asText(reviewPage(altered, digest)), /[\u202e\u200b]/)
  t.equal(visible('a\u00adb\ue000\u3164c\nd é 日本'), 'a⟨U+00AD⟩b⟨U+E000⟩⟨U+3164⟩c\nd é 日本')
  t.end()
})

t.test('what must not be overlooked is marked', (t) => {
  const row = bundle.labels.rows.find(({ name }) => name === 'acme/restricted-engineering-harbour')!
  const output = bundle.labels.rows.find(({ name }) => name === 'acme/restricted-harbour')!.output
  const rows = [{ ...row, output, discarded: ['Handling: ENGINEERING'] }]
  const html = asHtml(reviewPage({ ...bundle, labels: { ...bundle.labels, rows } }, digest))
  t.match(html, /<span class="warning">category dropped: Handling: ENGINEERING</)
  t.match(html, /<span class="warning">3 category values become 2</)
  const { examples: _, ...without } = bundle
  t.match(asHtml(reviewPage(without, digest)), /warning">the bundle carries no examples/)
  t.match(asHtml(reviewPage(bundle, digest)), /warning">no end stated/)
  const dated = { ...bundle, validity: { notBefore: 0, notAfter: 1_800_000_000, replaces: 'a'.repeat(64) } }
  const page = asHtml(reviewPage(dated, digest, { signers: ['author/anna (ssh-ed25519)'] }))
  t.match(page, /2027-01-15T08:00:00Z/)
  t.match(page, /signed by author\/anna/)
  t.end()
})

t.test('a pair is shown side by side, in its order, and which label decides', (t) => {
  const shown = (sources: ReadonlyMap<string, Uint8Array>) => {
    const { bundle, digest } = compiled(sources)
    const page = reviewPage(bundle, digest)
    return { html: asHtml(page), text: asText(page).replaceAll(/\s+/g, ' ') }
  }
  const { out, back } = pairRulesets('4774-0258+alternative', 'alternative')
  const released = shown(out)
  t.match(released.html, />ACME OPEN<\/span> and <span[^>]*>HARBOUR UNCLASSIFIED</)
  t.match(
    released.text,
    /Released: \[ACME OPEN\] and \[HARBOUR UNCLASSIFIED\] first: ACME OPEN second, whose marking is shown: HARBOUR UNCLASSIFIED STANAG 4774 labels in XEP-0258, the second as equivalentlabel and alternative label On the way: the accepted label stays and what it becomes is added: the receiving side sees both/,
  )
  t.match(released.text, /Released value: 2\.999\.1 · ACME · OPEN and 2\.999\.2 · HARBOUR · UNCLASSIFIED /)
  t.match(released.text, /7 labels are accepted, in 19 spellings; 7 different ones are released/)
  const accepted = shown(back)
  t.match(accepted.text, /7 labels and 5 pairs are accepted, in 17 spellings; 12 different ones are released/)
  t.match(
    accepted.text,
    /Accepted: \[ACME OPEN\] and \[HARBOUR UNCLASSIFIED\] first: ACME OPEN second, which decides: HARBOUR UNCLASSIFIED as STANAG 4774 labels in XEP-0258, the second as equivalentlabel and alternative label Released: \[ACME OPEN\] and \[HARBOUR UNCLASSIFIED\] first, whose marking is shown: ACME OPEN second: HARBOUR UNCLASSIFIED .*? On the way: both labels stay/,
  )
  const replaced = shown(pairRulesets('4774-4778+alternative').back)
  t.match(
    replaced.text,
    /On the way: the label that decides is left out HARBOUR UNCLASSIFIED becomes ACME OPEN/,
  )
  t.notMatch(shown(exampleSources('acme-to-coalition')).text, /A pair is|pairs are/)
  t.end()
})

t.test('covert channels are counted from the rules', (t) => {
  const byForm = new Map(residualBits(bundle).map(({ form, bits }) => [form.form, bits]))
  const chat = byForm.get('message-chat')!
  t.equal(chat['stanza-id'], undefined, 'the number of the frame')
  t.equal(
    Math.round(byForm.get('presence-available')!['stanza-id']!),
    64,
    'a room may name what it gives back',
  )
  t.equal(Math.round(byForm.get('message-error')!['stanza-id']!), 64)
  const roomless = { ...bundle, from: { ...bundle.from, domains: bundle.from.domains.slice(0, 1) } }
  const groupchat = residualBits(roomless).find(({ form }) => form.form === 'message-groupchat')
  t.equal(groupchat!.bits['stanza-id'], undefined, 'only rooms give back')
  const foreign = residualBits(compiled(exampleSources('fmn-rooms')).bundle)
  t.equal(
    Math.round(foreign.find(({ form }) => form.form === 'message-chat')!.bits['stanza-id']!),
    Math.round(64 * Math.log2(89)),
  )
  t.equal(chat['free-text'], undefined, 'a body crosses only under a label')
  t.equal(
    Math.round(chat['label-dates']!),
    Math.round(Math.log2(365 * 86_400 + 301) + Math.log2(3653 * 86_400 + 1)),
  )
  t.equal(byForm.get('presence-probe')!['label-choice'], undefined)
  t.ok(Math.abs(byForm.get('presence-available')!.numbers! - 8) < 1e-9, 'priority: 256 values')
  const bounded = { ...bundle, limits: { ...bundle.limits, stanzaBytes: 1024 } }
  for (const { bits } of residualBits(bounded)) {
    for (const value of Object.values(bits)) t.ok(value <= 1024 * 7)
    t.ok(Number.isFinite(total(bits)) && total(bits) > 0)
  }
  t.end()
})

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
)

t.test(
  'a browser prints the page',
  { skip: browser === undefined ? 'no chromium here' : false, timeout: 60_000 },
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'review.html')
    writeFileSync(file, asHtml(reviewPage(bundle, digest)))
    const pdf = join(folder, 'review.pdf')
    execFileSync(
      browser!,
      [
        ...[
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--no-pdf-header-footer',
          `--user-data-dir=${folder}/profile`,
        ],
        ...[`--print-to-pdf=${pdf}`, `file://${file}`],
      ],
      { stdio: 'ignore' },
    )
    t.ok(statSync(pdf).size > 20_000)
    t.end()
  },
)
