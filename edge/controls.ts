/**
 * Controls: what each server of the own side may do at this edge, by its domain or the domain that it is below.
 *
 *   who connects      the domain must have a rule, and the address must be of the rule's networks
 *   what it sends     kinds of stanza, size, rate (by delay); and stanzas of the domains behind it (trunking)
 *   what it is sent   the same kinds; what is for a domain behind it goes by its streams
 *
 * The rule of a domain is the one of exactly that name, else the one of the nearest domain above with `subtree`. There is no
 * other order. Without any rule every own domain of the bundle may do what the bundle lets it.
 */
import { BlockList, isIP } from 'node:net'
import type { Envelope } from './refusal.ts'

export type Kind = Envelope['kind']

/** A rule as it stands in edge.yaml, defaults filled in. */
export type ControlSource = Readonly<{
  domain: string
  subtree: boolean
  networks?: readonly string[]
  kinds: readonly Kind[]
  stanzaOctets?: number
  rate?: number
  burst?: number
  trunk: readonly string[]
}>

/** A rule in force. */
export type Control = Readonly<{
  /** For the operator: the place in the file and the domain. */
  name: string
  kinds: ReadonlySet<Kind>
  stanzaOctets: number
  /** Stanzas a second, and at once after a pause; infinite where none is given. */
  rate: number
  burst: number
  /** Own domains whose stanzas may come on this peer's streams. */
  trunk: readonly string[]
}>

export type Controls = Readonly<{
  /** The rule of a server of that own domain that connects from that address, or why it may not. */
  admit(domain: string, address: string): Control | Readonly<{ problem: string }>
  /** The rule that holds for what is sent to an own domain; undefined: none. */
  ruleFor(domain: string): Control | undefined
  /** The own domain by whose streams stanzas for `domain` go: itself, or the one that it is behind. */
  carrier(domain: string): string
  /** For each rule one line: whether it is for that domain, and why not. */
  explain(domain: string): string[]
  /** Goes by other rules from now on. */
  set(sources: readonly ControlSource[] | undefined): void
}>

/** A network as it is written; undefined: it is none. */
export function parseNetwork(
  text: string,
): Readonly<{ host: string; bits: number; family: 'ipv4' | 'ipv6' }> | undefined {
  const [host = '', bits, more] = text.split('/')
  const version = isIP(host)
  if (version === 0 || more !== undefined || host.includes('%')) return undefined
  const most = version === 4 ? 32 : 128
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : most + 1
  return length > most ? undefined : { host, bits: length, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** @param sources checked by edge/config/controls.ts; undefined: no rules. */
export function createControls(sources: readonly ControlSource[] | undefined): Controls {
  let rules = compile(sources)
  return {
    admit: (domain, address) => rules.admit(domain, address),
    ruleFor: (domain) => rules.ruleFor(domain),
    carrier: (domain) => rules.carrier(domain),
    explain: (domain) => rules.explain(domain),
    set(next) {
      rules = compile(next)
    },
  }
}

function compile(sources: readonly ControlSource[] | undefined): Omit<Controls, 'set'> {
  const rules = (sources ?? []).map((source, at) => ({
    source,
    networks: networksOf(source.networks),
    control: {
      name: `controls[${at}] (${source.domain}${source.subtree ? ' and below' : ''})`,
      kinds: new Set(source.kinds),
      stanzaOctets: source.stanzaOctets ?? Number.POSITIVE_INFINITY,
      rate: source.rate ?? Number.POSITIVE_INFINITY,
      burst: source.burst ?? Math.max(1, source.rate ?? 1),
      trunk: source.trunk,
    } satisfies Control,
  }))
  const byDomain = new Map(rules.map((rule) => [rule.source.domain, rule]))
  const carriers = new Map(
    rules.flatMap(({ source }) => source.trunk.map((behind) => [behind, source.domain])),
  )

  /** That of its own name, or of the nearest domain above that has `subtree`. */
  function find(domain: string): (typeof rules)[number] | undefined {
    let found = byDomain.get(domain)
    for (let dot = domain.indexOf('.'); found === undefined && dot >= 0; dot = domain.indexOf('.', dot + 1)) {
      const above = byDomain.get(domain.slice(dot + 1))
      if (above?.source.subtree === true) found = above
    }
    return found
  }

  return {
    admit(domain, address) {
      if (sources === undefined) return EVERYTHING
      const rule = find(domain)
      if (rule === undefined)
        return { problem: `no rule of controls is for ${domain}: add one if it may connect` }
      if (rule.networks !== undefined && !isIn(rule.networks, address)) {
        return {
          problem: `${rule.control.name}: ${address} is in none of its networks (${rule.source.networks!.join(', ')}): add it if ${domain} may connect from there`,
        }
      }
      return rule.control
    },
    ruleFor: (domain) =>
      sources === undefined ? EVERYTHING : (find(domain) ?? find(carriers.get(domain) ?? ''))?.control,
    carrier: (domain) => carriers.get(domain) ?? domain,
    explain(domain) {
      const chosen = find(domain)
      const lines = rules.map((rule) => {
        const why = whyNot(rule.source, domain)
        if (rule === chosen) return `${rule.control.name}: holds`
        return `${rule.control.name}: ${why ?? `not used, since ${chosen!.control.name} is nearer`}`
      })
      const behind = carriers.get(domain)
      return behind === undefined ? lines : [...lines, `${domain} is behind ${behind}, by trunk`]
    },
  }
}

const EVERYTHING: Control = {
  name: 'no controls',
  kinds: new Set<Kind>(['message', 'presence', 'iq']),
  stanzaOctets: Number.POSITIVE_INFINITY,
  rate: Number.POSITIVE_INFINITY,
  burst: 1,
  trunk: [],
}

/** Why a rule is not for a domain; labels are compared whole. */
function whyNot({ domain, subtree }: ControlSource, asked: string): string | undefined {
  if (asked === domain) return undefined
  const labels = domain.split('.')
  const tail = asked.split('.').slice(-labels.length)
  const isBelow = asked.split('.').length > labels.length && tail.every((label, at) => label === labels[at])
  if (!isBelow) return `${asked} is not ${domain}${subtree ? ' nor below it' : ''}`
  return subtree ? undefined : `${asked} is below ${domain}, but the rule has no subtree: true`
}

function networksOf(texts: readonly string[] | undefined): BlockList | undefined {
  if (texts === undefined) return undefined
  const list = new BlockList()
  for (const text of texts) {
    const network = parseNetwork(text)
    if (network === undefined) throw new RangeError(`not a network: ${text}`)
    list.addSubnet(network.host, network.bits, network.family)
  }
  return list
}

/** IPv4 that came over an IPv6 socket (`::ffff:192.0.2.1`) is what it is. */
function isIn(networks: BlockList, address: string): boolean {
  const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
  const version = isIP(plain.split('%', 1)[0]!)
  if (version === 0) return false
  return networks.check(plain.split('%', 1)[0]!, version === 4 ? 'ipv4' : 'ipv6')
}

/** Rates, kept by delay for each domain that sends: what came counts, and then nothing is read until the next is due. */
export type Rates = Readonly<{
  /** A stanza on a stream of that domain came. `now` in milliseconds. */
  took(domain: string, control: Control, now: number): void
  isHeld(domain: string): boolean
  /** Lets nothing be due any more. */
  close(): void
}>

/** @param onChange called when a domain is to be held, and when it may go on. */
export function createRates(onChange: () => void): Rates {
  type Bucket = { tokens: number; at: number; timer: NodeJS.Timeout | undefined }
  const buckets = new Map<string, Bucket>()
  return {
    took(domain, { rate, burst }, now) {
      if (rate === Number.POSITIVE_INFINITY) return
      const bucket = buckets.get(domain) ?? { tokens: burst, at: now, timer: undefined }
      buckets.set(domain, bucket)
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * rate) - 1
      bucket.at = now
      if (bucket.tokens >= 1 || bucket.timer !== undefined) return
      bucket.timer = setTimeout(
        () => {
          bucket.timer = undefined
          onChange()
        },
        Math.ceil(((1 - bucket.tokens) / rate) * 1000),
      )
      onChange()
    },
    isHeld: (domain) => buckets.get(domain)?.timer !== undefined,
    close() {
      for (const { timer } of buckets.values()) clearTimeout(timer)
    },
  }
}
