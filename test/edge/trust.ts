/** What servers of own domains must show, for tests: CAs, and what more is wanted. */
import { readCrls } from '../../edge/tls-ext/crl.ts'
import { type PeerTrust, readAuthorities } from '../../edge/tls-ext/trust.ts'
import type { Ca } from '../pki/pki.ts'

type More = Partial<Pick<PeerTrust, 'pins' | 'minVersion'>> & Readonly<{ crls?: readonly string[] }>

/** The same trust in servers of all these domains. */
export function trustIn(
  domains: readonly string[],
  ca: Ca | readonly Ca[],
  { crls = [], ...more }: More = {},
): Map<string, PeerTrust> {
  const texts = [ca].flat().map(({ certificate }) => certificate)
  const lists = crls.flatMap(
    (text) => readCrls(Buffer.from(text)) as Exclude<ReturnType<typeof readCrls>, string>,
  )
  const trust = {
    authorities: readAuthorities(texts, lists),
    pins: [],
    minVersion: 'TLSv1.3',
    ...more,
  } as const
  return new Map(domains.map((domain) => [domain, trust]))
}
