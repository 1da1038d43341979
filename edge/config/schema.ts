/**
 * edge.schema.json applied: the closed form of edge.yaml, each error with its place and what to write instead.
 */
import { schemaChecker } from '../../rules/ruleset/checker.ts'
import ruleset from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }
import type { ClearanceSource, LabelSource } from '../../rules/ruleset/schema.ts'
import type { ControlSource } from '../controls.ts'
import type { Route } from '../outbound/route.ts'
import type { Manner } from '../stream/ends.ts'
import type { PeerTrust } from '../tls-ext/trust.ts'
import schema from './edge.schema.json' with { type: 'json' }
import type { PeerLabels } from './labels.ts'

type Tls = Readonly<{ peer: string; certificate: string; key: string; ca: string }>
type BundleRef = Readonly<{ file: string; digest: string }>

/** edge.yaml after the schema: defaults filled in, nothing else in it. */
export type EdgeSource = Readonly<{
  name: string
  side: string
  state: string
  s2s: S2sSource
  gcxp: Readonly<{
    out: Tls & Readonly<{ host: string; port: number }>
    in: Tls & Readonly<{ listen: string }>
  }>
  bundles: Readonly<{ out: BundleRef; in: BundleRef }>
  metrics: Readonly<{ listen: string }>
  cmbac?: CmbacSource
  labels?: readonly PeerLabels[]
  records: Readonly<{
    folder?: string
    key?: string
    signingKey?: string
    keep: Readonly<{ days?: number; megabytes?: number }>
    warnFreeMegabytes: number
  }>
  controls?: readonly ControlSource[]
  unasked?: Unasked
  presence: PresenceChoice
  spool: SpoolLimits
  limits: EdgeLimits
}>

/** What becomes of a room's traffic to who did not join, and of receipts for what did not come. */
export type Unasked = 'refuse' | 'pass'
/** Whether presence is made coarse, and the least seconds between two of the same addresses. */
export type PresenceChoice = Readonly<{ coarse: boolean; seconds: number }>

/** Octets that each of both spools takes, and how long what waits is of use. */
export type SpoolLimits = Readonly<{ octets: number; messageSeconds: number; presenceSeconds: number }>

export type S2sSource = Readonly<{
  listen: string
  listenDirect?: string
  dns: 'on' | 'off'
  ca: readonly string[]
  crls: readonly string[]
  certificates: readonly Readonly<{ domains: readonly string[]; certificate: string; key: string }>[]
  routes: readonly Route[]
  peers: readonly PeerSource[]
}>

/** Without `ca` or `crls`, those of all own domains. */
export type PeerSource = Manner &
  Readonly<{
    domain: string
    ca?: readonly string[]
    crls?: readonly string[]
    pins?: readonly string[]
    minVersion: PeerTrust['minVersion']
    inbound?: 'only'
  }>

export type EdgeLimits = Readonly<{
  handshakeSeconds: number
  stanzaSeconds: number
  acknowledgeSeconds: number
  idleSeconds: number
  hardOctets: number
  iqSeconds: number
  failBackSeconds: number
  queueStanzas: number
}>

/** A clearance in words, or the file that holds it; of which policy, where there are several. */
export type ClearanceEntry = Partial<ClearanceSource> & Readonly<{ file?: string; policy?: string }>
/** A label in words. */
export type LabelEntry = LabelSource & Readonly<{ policy?: string }>

type LevelSource = Readonly<{ clearance?: readonly ClearanceEntry[]; accessLabel?: LabelEntry }>

export type LdapSource = Readonly<{
  servers: readonly string[]
  ca: readonly string[]
  bindDn: string
  passwordFile: string
  base: string
  filter: string
  attribute: string
  timeoutSeconds: number
  cacheSeconds: number
  cacheUsers: number
}>

export type CmbacSource = Readonly<{
  policies: readonly string[]
  server?: LevelSource
  domains?: readonly (LevelSource & Readonly<{ domain: string }>)[]
  rooms?: readonly (LevelSource & Readonly<{ room: string; defaultLabel?: LabelEntry }>)[]
  peers?: readonly Readonly<{
    domain: string
    entry?: readonly ClearanceEntry[]
    exit?: readonly ClearanceEntry[]
  }>[]
  users?: Readonly<{
    domains: readonly string[]
    file?: string
    default?: readonly ClearanceEntry[]
    ldap?: LdapSource
  }>
}>

/** The file of users: a list of clearances for each bare address. */
export type UsersSource = Readonly<Record<string, readonly ClearanceEntry[]>>

/** Checks the value of edge.yaml; the defaults are written into it. */
export const checkEdgeSource = schemaChecker<EdgeSource>(schema, 'doc/edge.md', [ruleset])

const usersSchema = {
  title: 'users and their clearances',
  type: 'object',
  additionalProperties: { $ref: '#/$defs/clearances' },
  $defs: schema.$defs,
}

/** Checks the value of the file of users. */
export const checkUsersSource = schemaChecker<UsersSource>(usersSchema, 'doc/edge-clearances.md', [ruleset])
