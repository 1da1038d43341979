import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  type Catalog,
  catalogRefusal,
  readCatalog,
  selectorsFor,
  writeCatalog,
  writeProsodyConfiguration,
} from '../../rules/label/catalog.ts'
import { allCategories, type Label, makeLabel } from '../../rules/label/label.ts'
import { writeEssPayload } from '../../rules/label/wire.ts'
import { serialise } from '../../rules/xml/write.ts'
import { changed, label, load, orchard } from '../spif/policies.ts'
import { parse } from './xml.ts'

const payload = writeEssPayload('MQYCAQQGASk=')
const catalog: Catalog = {
  name: 'Orchard',
  desc: 'what may be said',
  to: 'example.net',
  restrict: true,
  items: [
    {
      selector: ['Orchard', 'DEEP'],
      payload,
      marking: { text: '"DEEP"\\\n]]', fgcolor: '#ffffff', bgcolor: '#000080' },
      isDefault: true,
    },
    { selector: ['Orchard', 'GROVE é'], payload },
    { selector: ['no label'] },
  ],
}

t.test('a catalog is written and read again', async (t) => {
  t.match(readCatalog(parse(serialise(writeCatalog(catalog)))), {
    name: 'Orchard',
    desc: 'what may be said',
    to: 'example.net',
    restrict: true,
    items: [
      {
        selector: 'Orchard|DEEP',
        isDefault: true,
        label: { displayMarking: { text: '"DEEP"\\\n]]', bgcolor: '#000080' }, label: { format: 'ess' } },
      },
      { selector: 'Orchard|GROVE é', isDefault: false, label: { label: { format: 'ess' } } },
      { selector: 'no label', isDefault: false, label: undefined },
    ],
  })
})

t.test('selectors and defaults that cannot be', async (t) => {
  const [first] = catalog.items
  for (const items of [
    [{ ...first!, selector: [] }],
    [{ ...first!, selector: [''] }],
    [{ ...first!, selector: ['a|b'] }],
    [first!, first!],
    [first!, { ...first!, selector: ['other'] }],
  ]) {
    t.throws(() => writeCatalog({ ...catalog, items }), RangeError)
    t.throws(() => writeProsodyConfiguration({ ...catalog, items }), RangeError)
  }
})

t.test('selectors: the marking, and where it is shared what tells the labels apart', async (t) => {
  const named = (...labels: Label[]) =>
    selectorsFor(labels.map((each) => ({ label: each, marking: 'M|1' }))).map((parts) => parts.join(' > '))
  t.same(named(label(orchard, 'OPEN')), ['Orchard > OPEN > M/1'])
  t.same(
    named(
      label(orchard, 'OPEN'),
      label(orchard, 'INNER'),
      label(orchard, 'OPEN', 'Pickers=ASHBY,DELL'),
      label(orchard, 'OPEN', 'Pickers=ASHBY', 'Notes=SPRING'),
      label(orchard, 'OPEN', '#ADDRESSEE'),
    ),
    [
      'Orchard > OPEN > M/1',
      'Orchard > INNER > M/1',
      'Orchard > OPEN > M/1 (Pickers: ASHBY, DELL)',
      'Orchard > OPEN > M/1 (Pickers: ASHBY; Notes: SPRING)',
      'Orchard > OPEN > M/1 (mark ADDRESSEE)',
    ],
  )
  t.same(
    named(label(orchard, 'OPEN', 'Pickers=ASHBY,DELL'), label(orchard, 'OPEN', 'Pickers=ASHBY,BIRCHY')),
    ['Orchard > OPEN > M/1 (Pickers: DELL)', 'Orchard > OPEN > M/1 (Pickers: BIRCHY)'],
    'without what all have',
  )
  const twins = load(
    changed('orchard', '<tagCategory name="COOPERS" lacv="20"/>', '<tagCategory name="ASHBY" lacv="20"/>'),
  )
  const ashbys = allCategories(twins).filter(({ value }) => value.name === 'ASHBY')
  const [open] = twins.classifications
  t.same(
    named(...ashbys.map((category) => makeLabel(twins, open!, [category]))),
    [
      'Orchard > OPEN > M/1 (Pickers: ASHBY) (Pickers: Villages ASHBY 1)',
      'Orchard > OPEN > M/1 (Pickers: ASHBY) (Pickers: Guilds ASHBY 20)',
    ],
    'values of one name',
  )
  const same = load(
    changed('meadow', '<tagCategory name="VOLE" lacv="8"/>', '<tagCategory name="MOLE" lacv="7"/>'),
  )
  const moles = allCategories(same).filter(({ value }) => value.name === 'MOLE')
  const last = named(...moles.map((category) => makeLabel(same, same.classifications[0]!, [category])))
  t.equal(new Set(last).size, 2, 'values of one name and number')
  t.match(last[1], / 2$/)
  const quiet = (...labels: Label[]) => selectorsFor(labels.map((each) => ({ label: each, marking: ' ' })))
  t.same(quiet(label(orchard, 'OPEN'), label(orchard, 'OPEN', 'Notes=SPRING')), [
    ['Orchard', 'OPEN', 'OPEN'],
    ['Orchard', 'OPEN', 'Notes: SPRING'],
  ])
  t.same(selectorsFor([]), [])
  const clash = selectorsFor([
    { label: label(orchard, 'OPEN'), marking: 'A' },
    { label: label(orchard, 'OPEN', 'Notes=SPRING'), marking: 'A' },
    { label: label(orchard, 'OPEN', 'Notes=AUTUMN'), marking: 'A (Notes: SPRING)' },
  ])
  t.equal(new Set(clash.map(String)).size, 3, 'what was added may be another’s marking')
})

t.test('catalogs that are none', async (t) => {
  const read = (inside: string) =>
    readCatalog(parse(`<catalog xmlns="urn:xmpp:sec-label:catalog:2">${inside}</catalog>`))
  t.match(read(''), { items: [], restrict: false })
  for (const bad of [
    '<x/>',
    '<item xmlns="urn:x"/>',
    '<item default="true"/><item default="1"/>',
    '<item><a/></item>',
    '<item><securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel><x/></item>',
    '<item><securitylabel xmlns="urn:xmpp:sec-label:0"><label>x</label></securitylabel></item>',
  ]) {
    t.match(read(bad), { problem: String }, bad)
  }
  t.match(readCatalog(parse('<catalog xmlns="urn:xmpp:sec-label:catalog:0"/>')), { problem: String })
})

t.test('Prosody reads its configuration back', async (t) => {
  const configuration = writeProsodyConfiguration(catalog)
  t.notMatch(configuration, /no label/, 'its module cannot offer "no label"')
  t.notMatch(configuration, /[^\n\t\x20-\x7e]/, 'plain ASCII')
  const lua = ['lua5.4', 'lua5.3', 'lua5.2', 'lua5.1', 'lua'].find((name) => {
    try {
      execFileSync(name, ['-v'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
  if (lua === undefined) {
    t.comment('not run: there is no Lua on this machine')
    return
  }
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-catalog-'))
  try {
    const file = join(directory, 'catalog.lua')
    const dump =
      'for _, i in ipairs(security_labels) do io.write(i.name, "\\0", i.display or "", "\\0", i.label, "\\0", tostring(i.default), "\\0") end'
    writeFileSync(file, `${configuration}\n${dump}\n`)
    const out = execFileSync(lua, [file], { encoding: 'utf8' })
    const label = serialise(payload)
    t.equal(out, `Orchard|DEEP\0"DEEP"\\\n]]\0${label}\0true\0Orchard|GROVE é\0\0${label}\0nil\0`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

t.test('requests: only of the own users, only to get', async (t) => {
  t.equal(catalogRefusal({ type: 'get', requester: 'local', isConfigured: true }), undefined)
  t.equal(catalogRefusal({ type: 'set', requester: 'local', isConfigured: true }), 'bad-request')
  t.equal(catalogRefusal({ type: 'get', requester: 'remote', isConfigured: true }), 'not-authorized')
  t.equal(catalogRefusal({ type: 'get', requester: 'local', isConfigured: false }), 'service-unavailable')
})
