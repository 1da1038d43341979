import t from 'tap'
import { issue, makeCa } from '../pki/pki.ts'
import { type PeerDomain, startDomain } from './domain.ts'
import { createSlicer } from './slice.ts'

const ca = await makeCa('Peers')
const stanza = (id: string, inner = '<body>é 🙂 &gt;</body>') =>
  `<message from='a@high.example' id='${id}' to='b@low.example' type='chat'>${inner}</message>`

t.test('elements are cut out of a stream at every chunk border', async (t) => {
  const octets = Buffer.from(
    `<?xml version='1.0'?><stream:stream to="a'>b">\n<a x='>"/>'><a>é</a></a> <b/><c y="</c>"></c></stream:stream>`,
  )
  const wanted = ['header', `<a x='>"/>'><a>é</a></a>`, '<b/>', `<c y="</c>"></c>`, 'close']
  for (let border = 0; border <= octets.length; border += 1) {
    const seen: string[] = []
    const slice = createSlicer({
      onHeader: () => seen.push('header'),
      onElement: (element) => seen.push(element.toString()),
      onClose: () => seen.push('close'),
    })
    slice(octets.subarray(0, border))
    slice(octets.subarray(border))
    t.strictSame(seen, wanted, `border at ${border}`)
  }
  t.throws(() => createSlicer({ onHeader() {}, onElement() {}, onClose() {} })(Buffer.from('<s><!-- -->')))
})

t.test('two domains exchange stanzas both ways', async (t) => {
  const [high, low] = await pair(['high.example'], ['low.example'])
  t.teardown(() => Promise.all([high.close(), low.close()]))
  await high.send(stanza('1'))
  await low.send(`<presence from='b@low.example' to='a@high.example'/>`)
  t.equal((await low.find((xml) => xml.includes(`id='1'`), 2000))?.xml, stanza('1'))
  t.equal((await high.find(() => true, 2000))?.from, 'low.example')
  t.same(low.faults, [])
})

t.test('a ping is answered on the stream back', async (t) => {
  const [high, low] = await pair(['high.example'], ['low.example'])
  t.teardown(() => Promise.all([high.close(), low.close()]))
  await high.send(
    `<iq from='high.example' to='low.example' id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  )
  t.match((await high.find(() => true, 2000))?.xml, `type='result'`)
  t.same(low.received, [])
})

t.test('a domain that the certificate does not name is refused', async (t) => {
  const [high, low] = await pair(['high.example', 'stolen.example'], ['low.example'], ['high.example'])
  t.teardown(() => Promise.all([high.close(), low.close()]))
  await t.rejects(high.stream('stolen.example', 'low.example'), /refused stolen.example: not-authorized/)
  await t.rejects(high.stream('high.example', 'other.example'), /closed/)
})

t.test('octets flow at the rate that the benchmark needs', async (t) => {
  let count = 0
  const [high, low] = await pair(['high.example'], ['low.example'], undefined, () => {
    count += 1
  })
  t.teardown(() => Promise.all([high.close(), low.close()]))
  const link = await high.stream('high.example', 'low.example')
  const octets = Buffer.from(stanza('x', `<body>${'text '.repeat(180)}</body>`))
  const started = performance.now()
  for (let sent = 0; sent < 20_000; sent += 1) {
    if (!link.write(octets)) await new Promise((resolve) => link.socket.once('drain', resolve))
  }
  while (count < 20_000 && performance.now() - started < 10_000) await new Promise(setImmediate)
  t.equal(count, 20_000)
  const rate = count / ((performance.now() - started) / 1000)
  t.comment(`${Math.round(rate)} stanzas/s of ${octets.length} octets, both ends in one process`)
})

async function pair(
  first: string[],
  second: string[],
  named = first,
  onOctets?: (octets: Buffer) => void,
): Promise<[PeerDomain, PeerDomain]> {
  const ports = { first: 0, second: 0 }
  const high = await startDomain({
    domains: first,
    credentials: await issue(ca, { dns: named }),
    ca: ca.certificate,
    route: () => ({ host: '127.0.0.1', port: ports.second }),
  })
  const low = await startDomain({
    domains: second,
    credentials: await issue(ca, { dns: second }),
    ca: ca.certificate,
    route: () => ({ host: '127.0.0.1', port: ports.first }),
    ...(onOctets === undefined ? {} : { onOctets }),
  })
  ports.first = high.port
  ports.second = low.port
  return [high, low]
}
