import t from 'tap'
import {
  BINDING_NS,
  readBindingData,
  readBindingInformation,
  writeBindingData,
  XMPP_PROFILE_NS,
} from '../../rules/label/stanag4778.ts'
import { element } from '../../rules/xml/node.ts'
import { serialise } from '../../rules/xml/write.ts'
import { parse } from './xml.ts'

const LABEL = '<l:x xmlns:l="urn:l"/>'
const BINDING = `<MetadataBinding><Metadata>${LABEL}</Metadata><DataReference URI=""></DataReference></MetadataBinding>`

function data(
  binding: string,
  { profile = XMPP_PROFILE_NS, ns = BINDING_NS } = {},
): ReturnType<typeof parse> {
  return parse(
    `<BindingData xmlns="${profile}"><BindingDataObject><BindingInformation xmlns="${ns}"><MetadataBindingContainer>${binding}</MetadataBindingContainer></BindingInformation></BindingDataObject></BindingData>`,
  )
}

t.test('one binding of the whole stanza', async (t) => {
  t.match(readBindingData(data(BINDING)), [{ name: 'x' }])
  t.match(
    readBindingData(data(BINDING.replace('<DataReference', '<Metadata><y/></Metadata><DataReference'))),
    [{ name: 'x' }, { name: 'y' }],
  )
  t.match(readBindingData(parse(serialise(writeBindingData([element('urn:l', 'x')])))), [{ name: 'x' }])
  t.match(readBindingData(data(BINDING.replaceAll('><', '>\n <'))), [{ name: 'x' }], 'indented')
  t.match(readBindingData(data(BINDING.replace('<MetadataBinding>', '<MetadataBinding Id="b">'))), [
    { name: 'x' },
  ])
})

t.test('the media type of metadata and data may be said; it is not read', async (t) => {
  const type = 'xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="text/plain"'
  t.match(readBindingData(data(BINDING.replace('<Metadata>', `<Metadata ${type}>`))), [{ name: 'x' }])
  t.match(readBindingData(data(BINDING.replace('URI=""', `URI="" ${type}`))), [{ name: 'x' }])
  for (const bad of [
    'contentType="text/xml"',
    'encoding="base64"',
    `${type} m:other="x"`,
    `${type} encoding=""`,
  ])
    t.match(
      readBindingData(data(BINDING.replace('<Metadata>', `<Metadata ${bad}>`))),
      { problem: String },
      bad,
    )
  t.match(readBindingData(data(BINDING.replace('<MetadataBinding>', `<MetadataBinding ${type}>`))), {
    problem: String,
  })
})

t.test('everything else is refused', async (t) => {
  const reference = '<DataReference URI=""></DataReference>'
  for (const [binding, why] of [
    [BINDING.replace('URI=""', 'URI="#body"'), 'a part of the stanza'],
    [BINDING.replace('URI=""', 'URI="http://example.org"'), 'something elsewhere'],
    [BINDING.replace('URI=""', ''), 'no reference'],
    [BINDING.replace('URI=""', 'URI="" type="x"'), 'more on the reference'],
    [BINDING.replace('URI=""', 'x:URI="" xmlns:x="urn:x"'), 'an attribute of another namespace'],
    [BINDING.replace(reference, reference + reference), 'two references'],
    [BINDING.replace(reference, `<DataReference URI=""><Transforms/></DataReference>`), 'transforms'],
    [BINDING.replace(reference, `<DataReference URI="">x</DataReference>`), 'text in the reference'],
    [BINDING.replace(reference, '<Data>x</Data>'), 'embedded data'],
    [BINDING.replace(reference, ''), 'no data'],
    [`<MetadataBinding>${reference}</MetadataBinding>`, 'no metadata'],
    [
      BINDING.replace(`<Metadata>${LABEL}</Metadata>`, '<MetadataReference URI="x"/>'),
      'metadata by reference',
    ],
    [
      BINDING.replace(`<Metadata>${LABEL}</Metadata>`, `<Metadata>${LABEL}${LABEL}</Metadata>`),
      'two items in one',
    ],
    [BINDING.replace('<Metadata>', '<Metadata contentType="x">'), 'more on the metadata'],
    [BINDING.replace('<Metadata>', '<Metadata>x'), 'text beside the item'],
    [BINDING.replace('<MetadataBinding>', '<MetadataBinding>x'), 'text in the binding'],
    [BINDING.replace('<MetadataBinding>', '<MetadataBinding x="y">'), 'more on the binding'],
    [BINDING + BINDING, 'two bindings'],
    [`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>${BINDING}`, 'a signature'],
    ['', 'nothing'],
    [
      BINDING.replace('<Metadata>', '<Metadata xmlns="urn:x">').replace(
        '</MetadataBinding>',
        '</MetadataBinding>',
      ),
      'another namespace',
    ],
  ] as const) {
    t.match(readBindingData(data(binding)), { problem: String }, why)
  }
  const signed = `<BindingData xmlns="${XMPP_PROFILE_NS}"><BindingDataObject><BindingInformation xmlns="${BINDING_NS}"><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/><MetadataBindingContainer>${BINDING}</MetadataBindingContainer></BindingInformation></BindingDataObject></BindingData>`
  t.match(readBindingData(parse(signed)), { problem: String }, 'a signature before the container')
})

t.test('versions of the namespaces are configuration', async (t) => {
  const newer = data(BINDING, { profile: 'urn:nato:stanag:4778:profile:xmpp:1:3' })
  t.match(readBindingData(newer), { problem: 'not BindingData' })
  const namespaces = {
    profile: [XMPP_PROFILE_NS, 'urn:nato:stanag:4778:profile:xmpp:1:3'],
    binding: [BINDING_NS],
  }
  t.match(readBindingData(newer, namespaces), [{ name: 'x' }])
  for (const ns of ['http://www.nato.int/2014/06/nl/mb', 'urn:nato:stanag:4778:metadatabinding:1:0']) {
    t.match(readBindingData(data(BINDING, { ns })), { problem: String }, ns)
  }
})

t.test('bindings of files, for people', async (t) => {
  const file = (inside: string) =>
    parse(`<BindingInformation xmlns="${BINDING_NS}">${inside}</BindingInformation>`)
  const container = `<MetadataBindingContainer>${BINDING.replace('URI=""', 'URI="a.jpg"')}</MetadataBindingContainer>`
  t.match(readBindingInformation(file(container), 'strict'), {
    bindings: [{ references: ['a.jpg'] }],
    findings: [],
  })
  const two = container.replace(LABEL, LABEL + LABEL)
  t.match(readBindingInformation(file(two), 'strict'), { problem: String })
  t.match(readBindingInformation(file(two), 'lenient'), { findings: [String] })
  t.match(readBindingInformation(file(`<x:Signature xmlns:x="urn:x"/>${container}`), 'strict'), {
    findings: ['Signature is not read'],
  })
  for (const bad of [
    '',
    '<MetadataBindingContainer/>',
    container.replace('<DataReference URI="a.jpg"></DataReference>', ''),
    container.replace(LABEL, ''),
  ]) {
    t.match(readBindingInformation(file(bad), 'lenient'), { problem: String }, bad)
  }
  t.match(readBindingInformation(parse('<BindingInformation/>'), 'lenient'), { problem: String })
})
