import t from 'tap'
import { writeDer, writeUtf8 } from '../../rules/label/der.ts'
import {
  decodeEquivalentLabels,
  decodeEss,
  type EssLabel,
  encodeEss,
  fitsPrivacyMark,
  privacyMarkType,
} from '../../rules/label/ess.ts'

const octets = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const hex = (label: EssLabel): string => Buffer.from(encodeEss(label)).toString('hex')
const ber = (text: string) => decodeEss(octets(text), 'ber')
const der = (text: string) => decodeEss(octets(text), 'der')

/** A SET with one category of that type (an arc of ACP-145(A)) and value. */
function withCategory(arc: string, value: string, valueTag = 'a1'): string {
  const sequence = tlv('30', tlv('80', `60864801650201${arc}`) + tlv(valueTag, value))
  return tlv('31', `020101${'06022a03'}${tlv('31', sequence)}`)
}

function tlv(tag: string, content: string): string {
  const length = content.length / 2
  return `${tag}${length < 128 ? length.toString(16).padStart(2, '0') : `81${length.toString(16)}`}${content}`
}

t.test('published labels', async (t) => {
  t.match(ber('3106020104060129'), { policy: '1.1', classification: 4, categories: [] })
  t.match(ber('3103060129'), { policy: '1.1', classification: undefined })
  t.match(ber('3115 020200fd 0c0f4171756120286f62736f6c65746529'), {
    policy: undefined,
    classification: 253,
    privacyMark: { text: 'Aqua (obsolete)', type: 'utf8' },
  })
})

t.test('members in any order are read, and written in that of DER', async (t) => {
  for (const any of ['3106 060129 020104', '3180 020104 060129 0000', '318106 020104 060129']) {
    const label = ber(any)
    t.equal('problem' in label ? label.problem : hex(label), '3106020104060129')
    t.match(der(any), { problem: String }, 'but not where DER is demanded')
  }
  const utf8: EssLabel = {
    policy: '1.1',
    classification: 4,
    privacyMark: { text: 'é', type: 'utf8' },
    categories: [{ syntax: 'acp145', kind: 'restrictive', tagSet: '1.2', encoding: 'bits', values: ['0'] }],
  }
  t.match(hex(utf8), /^31..0201040601290c02c3a931/, 'a UTF-8 mark before the categories')
  const printable: EssLabel = { ...utf8, privacyMark: { text: 'e', type: 'printable' } }
  t.match(hex(printable), /^31..02010406012931.*130165$/, 'a printable one behind')
  for (const label of [utf8, printable]) t.same(decodeEss(encodeEss(label), 'der'), label)
})

t.test('what is no label is refused', async (t) => {
  for (const [bad, why] of [
    ['', 'nothing'],
    ['31', 'no length'],
    ['3106020104060129 00', 'octets behind'],
    ['3006020104060129', 'a sequence'],
    ['3109 020104 060129 020104', 'a class twice'],
    ['3109 020104 060129 060129', 'a policy twice'],
    ['310c 020104 060129 0c0141 130141', 'two marks'],
    ['3107 02020004 060129', 'a padded class'],
    ['3106 0201ff 060129', 'a negative class'],
    ['3107 02020101 060129', 'a class above 256'],
    ['3106 020104 060181', 'a policy without end'],
    ['3108 020104 060129 0c00', 'an empty mark'],
    ['3108 020104 060129 3100', 'no category in the categories'],
    ['3108 020104 060129 0500', 'an unknown member'],
    ['3109 020104 060129 040100', 'an unknown member'],
    ['310d 020104 060129 3105 0603550403', 'a category that is none'],
  ] as const) {
    t.match(ber(bad), { problem: String }, why)
  }
  t.match(ber('3107 02020100 060129'), { classification: 256 })
})

t.test('marks: 128 characters of a PrintableString, more of a UTF8String, but not on the wire', async (t) => {
  const marked = (tag: number, text: string) => writeDer(0x31, octets('020104060129'), writeUtf8(text, tag))
  const [utf8, printable] = [0x0c, 0x13]
  for (const [tag, text, inBer, inDer] of [
    [utf8, 'A'.repeat(128), true, true],
    [utf8, 'A'.repeat(129), true, false],
    [utf8, 'é'.repeat(200), true, false],
    [utf8, '😀'.repeat(1024), true, false],
    [utf8, '😀'.repeat(1025), false, false],
    [utf8, 'A'.repeat(1025), false, false],
    [printable, 'A'.repeat(128), true, true],
    [printable, 'A'.repeat(129), false, false],
  ] as const) {
    const why = `${[...text].length} characters under ${tag}`
    const label = decodeEss(marked(tag, text), 'ber')
    t.equal('problem' in label ? undefined : label.privacyMark?.text, inBer ? text : undefined, why)
    t.equal('problem' in decodeEss(marked(tag, text), 'der'), !inDer, `${why} on the wire`)
  }
  t.ok(fitsPrivacyMark('😀'.repeat(128), 128))
  t.notOk(fitsPrivacyMark('😀'.repeat(129), 128))
  t.equal(privacyMarkType('A'.repeat(128)), 'printable')
  t.equal(privacyMarkType('A'.repeat(129)), 'utf8', 'printable, but too long for a PrintableString')
  t.equal(privacyMarkType('é'), 'utf8')
})

t.test(
  'BER: padded lengths and strings in segments are read as the DER they stand for, and not on the wire',
  async (t) => {
    const plain = '020104060129'
    const bits = tlv('30', '06032a0301' + '03020640')
    for (const [form, same] of [
      [tlv('31', plain + tlv('2c', '040141' + '0402c3a9')), tlv('31', plain + '0c0341c3a9')],
      [
        tlv('31', plain + '2c80' + '040141' + tlv('24', '040142' + '2400') + '0000'),
        tlv('31', plain + '0c024142'),
      ],
      [tlv('31', plain + tlv('33', '040141' + '040142')), tlv('31', plain + '13024142')],
      ['318500000000 06'.replace(' ', '') + plain, `3106${plain}`],
      [`318b${'00'.repeat(10)}06${plain}`, `3106${plain}`],
      [
        withCategory('080300', tlv('30', '06032a0301' + tlv('23', '030200ff' + '03020640'))),
        withCategory('080300', tlv('30', '06032a0301' + '030306ff40')),
      ],
      [
        withCategory('080300', tlv('30', '06032a0301' + tlv('23', '03020640')), '81'),
        withCategory('080300', bits),
      ],
    ] as const) {
      const label = ber(form)
      t.equal('problem' in label ? label.problem : hex(label), same)
      t.match(der(form), { problem: String }, 'not DER')
      t.notOk('problem' in der(same))
    }
    for (const [bad, why] of [
      [tlv('31', plain + tlv('2c', '0c0141')), 'segments that are no OCTET STRINGs'],
      [tlv('31', plain + tlv('2c', '0401c3')), 'half a character'],
      [tlv('31', plain + tlv('2c', '')), 'an empty mark'],
      [tlv('31', plain + '2c80040141'), 'no end'],
      [
        tlv('31', plain + tlv('13', '41') + tlv('33', '040141')),
        'a mark twice, in one piece and in segments',
      ],
      [
        withCategory('080300', tlv('30', '06032a0301' + tlv('23', '03020640' + '030200ff'))),
        'bits behind unused ones',
      ],
      [withCategory('080300', tlv('30', '06032a0301' + tlv('23', '04020640'))), 'octets in bits'],
      [
        withCategory('080300', tlv('30', '06032a0301' + tlv('23', '0300'))),
        'a segment without its first octet',
      ],
      [`31ff${plain}`, 'the length octet that is reserved'],
      [`318500000100 06${plain}`.replace(' ', ''), 'a length that is too long'],
    ] as const) {
      t.match(ber(bad), { problem: String }, why)
    }
  },
)

t.test('category syntaxes of ACP-145(A)', async (t) => {
  const bits = tlv('30', '06032a0301' + '03020640')
  const numbers = tlv('30', '06032a0301' + tlv('31', '020102020164'))
  for (const [arc, kind, value, encoding, values] of [
    ['0300', 'restrictive', bits, 'bits', ['1']],
    ['0302', 'permissive', bits, 'bits', ['1']],
    ['0301', 'enumerated-permissive', numbers, 'integers', ['2', '100']],
    ['0304', 'enumerated-restrictive', numbers, 'integers', ['2', '100']],
    ['0303', 'informative', bits, 'bits', ['1']],
    ['0303', 'informative', numbers, 'integers', ['2', '100']],
  ] as const) {
    const label = der(withCategory(`08${arc}`, value))
    t.match(
      label,
      { categories: [{ syntax: 'acp145', kind, tagSet: '1.2.3.1', encoding, values }] },
      `${kind} ${encoding}`,
    )
    t.equal('problem' in label ? '' : hex(label), withCategory(`08${arc}`, value))
  }
  for (const [arc, value, why] of [
    ['080300', numbers, 'integers where bits belong'],
    ['080301', bits, 'bits where integers belong'],
    ['080300', tlv('30', '06032a0301'), 'no field'],
    ['080300', tlv('30', '03020640'), 'no tag set'],
    ['080300', tlv('31', '06032a0301' + '03020640'), 'a set'],
    ['080301', tlv('30', '06032a0301' + tlv('31', '02010202 0102'.replaceAll(' ', ''))), 'a number twice'],
    ['080301', tlv('30', '06032a0301' + tlv('31', '0201ff')), 'a negative number'],
    ['080301', tlv('30', '06032a0301' + tlv('31', '040102')), 'no number'],
    ['080300', tlv('30', '06032a0301' + '03020940'), 'nine unused bits'],
  ] as const) {
    t.match(ber(withCategory(arc, value)), { problem: String }, why)
  }
  t.match(
    der(withCategory('080300', tlv('30', '06032a0301' + '0303004000'))),
    { problem: 'not in DER' },
    'zeros behind',
  )
  t.match(ber(withCategory('080300', tlv('30', '06032a0301' + '0303004000'))), {
    categories: [{ values: ['1'] }],
  })
  const unsorted = tlv('30', '06032a0301' + tlv('31', '020164020102'))
  t.match(der(withCategory('080301', unsorted)), { problem: 'not in DER' })
})

t.test('the value tag: A1 is written, 81 is read where BER is', async (t) => {
  const value = tlv('30', '06032a0301' + '03020640')
  const old = ber(withCategory('080300', value, '81'))
  t.equal('problem' in old ? '' : hex(old), withCategory('080300', value))
  t.match(der(withCategory('080300', value, '81')), { problem: String })
  t.match(ber(withCategory('080300', value, 'a2')), { problem: String })
  t.match(ber(withCategory('080300', value + value)), { problem: String }, 'two values')
  t.match(ber(withCategory('080300', '3003', '81')), { problem: String }, 'no value inside')
})

t.test('a category twice is refused; unknown ones are kept and decide nothing', async (t) => {
  const one = tlv('30', tlv('80', '60864801650201080300') + tlv('a1', tlv('30', '06032a0301' + '03020640')))
  t.match(ber(tlv('31', `020101060129${tlv('31', one + one)}`)), { problem: 'a category twice' })
  const unknown = withCategory('0809', '0c0141')
  t.match(ber(unknown), { categories: [{ syntax: 'unknown', type: '2.16.840.1.101.2.1.8.9' }] })
  const label = ber(unknown)
  t.equal('problem' in label ? '' : hex(label), unknown)
  t.match(der(unknown), { problem: 'an unknown category type' })
  const many = Array.from({ length: 65 }, (_, i) =>
    tlv('30', tlv('80', `6086480165020108${i.toString(16).padStart(2, '0')}`) + tlv('a1', '0500')),
  ).join('')
  const inner = `3182${(many.length / 2).toString(16).padStart(4, '0')}${many}`
  t.match(ber(`3182${((inner.length + 12) / 2).toString(16).padStart(4, '0')}020101060129${inner}`), {
    problem: 'more than 64 categories',
  })
  t.throws(
    () => encodeEss({ categories: Array(65).fill({ syntax: 'text', type: '1.2', strings: ['x'] }) }),
    RangeError,
  )
  t.throws(() => encodeEss({ privacyMark: { text: '*', type: 'printable' }, categories: [] }), RangeError)
  t.throws(
    () =>
      encodeEss({
        categories: [
          { syntax: 'acp145', kind: 'restrictive', tagSet: '1.2', encoding: 'bits', values: ['99999999'] },
        ],
      }),
    RangeError,
  )
})

t.test('the MISSI syntax, with and without policy and levels', async (t) => {
  const tags =
    tlv('a1', '03020640') +
    tlv('a6', '020104' + '03020780') +
    tlv('a2', tlv('31', '020164')) +
    tlv('a7', '03020640')
  const sets = tlv('31', tlv('30', '06032a0301' + tlv('30', tags)))
  for (const value of [sets, tlv('30', '06022a03' + sets)]) {
    const label = der(withCategory('0801', value))
    t.match(label, {
      categories: [
        {
          syntax: 'missi',
          tagSets: [
            {
              tagSet: '1.2.3.1',
              tags: [
                { kind: 'restrictive', encoding: 'bits', values: ['1'] },
                { kind: 'permissive', level: '4', values: ['0'] },
                { kind: 'enumerated', encoding: 'integers', values: ['100'] },
                { kind: 'informative', values: ['1'] },
              ],
            },
          ],
        },
      ],
    })
    t.equal('problem' in label ? '' : hex(label), withCategory('0801', value))
  }
  for (const [value, why] of [
    [tlv('31', tlv('30', '06032a0301' + tlv('30', tlv('a3', '03020640')))), 'an unknown tag'],
    [tlv('31', tlv('30', '06032a0301' + tlv('30', tlv('a1', tlv('31', '020164'))))), 'integers in a bit map'],
    [
      tlv('31', tlv('30', '06032a0301' + tlv('30', tlv('a1', '03020640') + tlv('a1', '03020640')))),
      'a tag twice',
    ],
    [
      tlv('31', tlv('30', '06032a0301' + tlv('30', '')) + tlv('30', '06032a0301' + tlv('30', ''))),
      'a tag set twice',
    ],
    [tlv('31', tlv('30', tlv('30', ''))), 'no tag set'],
    [tlv('30', '06022a03'), 'a policy alone'],
    [tlv('31', tlv('30', '06032a0301' + tlv('30', tlv('a1', '0201ff' + '03020640')))), 'a negative level'],
    ['0500', 'something else'],
  ] as const) {
    t.match(ber(withCategory('0801', value)), { problem: String }, why)
  }
})

t.test('text categories of RFC 3114', async (t) => {
  const type = tlv('80', '2a864886f70d0109100704')
  const make = (value: string) => tlv('31', `020101060129${tlv('31', tlv('30', type + tlv('a1', value)))}`)
  t.match(der(make(tlv('30', '0c0141' + '0c0142'))), {
    categories: [{ syntax: 'text', strings: ['A', 'B'] }],
  })
  for (const bad of [tlv('30', ''), tlv('30', '130141'), tlv('31', '0c0141'), tlv('30', '0c01ff')])
    t.match(ber(make(bad)), { problem: String })
})

t.test('equivalent labels', async (t) => {
  t.match(decodeEquivalentLabels(octets('3010 3106020104060129 3106020103060129')), [
    { classification: 4 },
    { classification: 3 },
  ])
  for (const bad of ['3000', '31083106020104060129', '30063006020104', '30'])
    t.match(decodeEquivalentLabels(octets(bad)), { problem: String }, bad)
})
