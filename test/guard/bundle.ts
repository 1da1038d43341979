/** The smallest bundle that shows what a guard does: chat messages with a body, one accepted label, another released. */
import type { AttributeRule, Bundle } from '../../rules/bundle/bundle.ts'
import { readWireLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import { child } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'

const limits = { stanzaBytes: 16_384, depth: 12, rate: 100_000, burst: 1000 }

const ess = (marking: string, value: string): string =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0">${marking}<label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${value}</esssecuritylabel></label></securitylabel>`
const LABEL = ess('', 'MQgCAQQGAyoDBA==')
const RELEASED_LABEL = ess(
  '<displaymarking bgcolor="#ff0000" fgcolor="#ffffff">LOW SECRET</displaymarking>',
  'MQgCAQEGAyoDBQ==',
)

const message = (children: string): string =>
  `<message xmlns="jabber:server" from="alice@high.example/desk" id="o1" to="bob@low.example" type="chat">${children}</message>`

/** A stanza that the bundle lets through, what becomes of it, and one that it does not let through. */
export const benign = (text: string): string => message(`<body>${text}</body>${LABEL}`)
export const released = (text: string): string => message(`<body>${text}</body>${RELEASED_LABEL}`)
export const unlabelled = (text: string): string => message(`<body>${text}</body>`)

function labelValue(): string {
  const stanza = parseStanza(Buffer.from(benign('x')), limits)
  const label = refused(stanza) ? undefined : child(stanza, 'urn:xmpp:sec-label:0', 'securitylabel')
  const read = label && readWireLabel(label)
  if (read === undefined || refused(read)) throw new Error('the label of the test bundle cannot be read')
  return read.value
}

const attribute = (name: string, value: AttributeRule['value']): AttributeRule => ({
  name,
  required: true,
  value,
})

export function testBundle(changed: Partial<Bundle['limits']> = {}): Bundle {
  return {
    format: 'sallyport-bundle-1',
    name: 'high-to-low',
    version: 1,
    unicode: '17.0',
    from: { name: 'high', domains: [{ name: 'high.example', kind: 'im' }] },
    to: { name: 'low', domains: [{ name: 'low.example', kind: 'im' }] },
    limits: { ...limits, ...changed },
    forms: [
      {
        form: 'chat',
        element: 'message',
        type: 'chat',
        attributes: [
          attribute('from', { type: 'address', side: 'from', local: 64, resource: 128 }),
          attribute('id', { type: 'identifier', max: 64 }),
          attribute('to', { type: 'address', side: 'to', local: 64, resource: 128 }),
          attribute('type', { type: 'enum', values: ['chat'] }),
        ],
        slots: [
          {
            type: 'elements',
            min: 0,
            max: 1,
            sorted: false,
            of: [
              {
                ns: 'jabber:server',
                name: 'body',
                attributes: [],
                content: {
                  type: 'value',
                  value: { type: 'text', max: 8192, lines: true },
                  mayBeEmpty: false,
                },
                labelling: 'always',
              },
            ],
          },
          { type: 'label' },
        ],
        content: true,
      },
    ],
    labels: {
      windows: { creationPast: 3600, creationFuture: 60, reviewAfterCreation: 86_400 },
      rows: [
        {
          name: 'secret',
          input: { form: 'ess-0258', value: labelValue(), marking: 'HIGH SECRET', template: [LABEL] },
          output: { form: 'ess-0258', marking: 'LOW SECRET', template: [RELEASED_LABEL] },
        },
      ],
    },
    edge: { strip: [] },
    sources: [],
  }
}
