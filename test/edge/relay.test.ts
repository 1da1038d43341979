/** An edge between a real s2s server and guards that the test plays: what crosses, what is answered, what is told. */
import t from 'tap'
import { essLabel } from './bundles.ts'
import { startWorld, until } from './world.ts'

const FROM_FAR = `from="bob@low.example/y" id="f1" to="alice@high.example/x"`

t.test('a labelled message goes out canonical, a released one comes in', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  await world.server.send(
    `<message xml:lang='EN-us' to='Bob@Low.example' from='alice@high.example/x' id='m1' type='normal'>\n<active xmlns='http://jabber.org/protocol/chatstates'/>${essLabel()}<body><![CDATA[a<b]]></body><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>`,
  )
  const frame = await world.guard.find((xml) => xml.includes('a&lt;b'))
  t.equal(
    frame?.xml,
    `<message xmlns="jabber:server" from="alice@high.example/x" id="m1" to="bob@low.example" xml:lang="en-US"><body>a&lt;b</body><active xmlns="http://jabber.org/protocol/chatstates"></active><securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel></message>`,
  )
  t.same(frame?.number, { generation: 1, count: 1 })

  world.release(`<message xmlns="jabber:server" ${FROM_FAR} type="chat"><body>back</body></message>`)
  const stanza = await world.server.find((xml) => xml.includes('back'), 3000)
  t.match(
    stanza?.xml,
    /^<message [^>]*from="bob@low\.example\/y" id="f1" to="alice@high\.example\/x" type="chat"><body>back<\/body><\/message>$/,
  )
  t.equal(stanza?.from, 'low.example')
  t.ok(await until(() => world.answers.length === 1))
  t.same(world.answers, [{ number: { generation: 1, count: 1 }, accepted: true }])
  t.same(world.server.faults, [])
})
