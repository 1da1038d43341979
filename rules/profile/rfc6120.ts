/** RFC 6120: attributes of stanzas (§8.1) and errors as a bare condition (§8.3). */
import type { AttributeRule, ElementRule } from '../bundle/bundle.ts'
import { SERVER_NS } from '../xml/node.ts'
import type { ProfileChoice } from './catalogue.ts'
import { anyAddress, children, elementRule, empty, exactlyOne, oneOf, optional, required } from './element.ts'

const STANZAS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'

/** §8.3.2 */
const ERROR_TYPES = ['auth', 'cancel', 'continue', 'modify', 'wait']

/** §8.3.3 */
const CONDITIONS = [
  'bad-request',
  'conflict',
  'feature-not-implemented',
  'forbidden',
  'gone',
  'internal-server-error',
  'item-not-found',
  'jid-malformed',
  'not-acceptable',
  'not-allowed',
  'not-authorized',
  'policy-violation',
  'recipient-unavailable',
  'redirect',
  'registration-required',
  'remote-server-not-found',
  'remote-server-timeout',
  'resource-constraint',
  'service-unavailable',
  'subscription-required',
  'undefined-condition',
  'unexpected-request',
]

/** §8.3.1, without `by`, text, application condition and the address in `gone` and `redirect`. */
export const error: ElementRule = elementRule(
  SERVER_NS,
  'error',
  [required('type', oneOf(...ERROR_TYPES))],
  children(exactlyOne(...CONDITIONS.map((name) => elementRule(STANZAS_NS, name, [], empty)))),
)

/** The attributes of a stanza of that `type`; null where the attribute is absent. `id` is its identifier. */
export function stanzaAttributes(
  type: string | null,
  { limits, languages }: Pick<ProfileChoice, 'limits' | 'languages'>,
  id: Omit<AttributeRule, 'name'>,
): AttributeRule[] {
  return [
    required('from', anyAddress('from', limits)),
    { name: 'id', ...id },
    required('to', anyAddress('to', limits)),
    ...(type === null ? [] : [required('type', oneOf(type))]),
    ...(languages.length === 0 ? [] : [optional('xml:lang', oneOf(...languages))]),
  ]
}
