/**
 * edge.schema.json applied: the closed form of edge.yaml, each error with its place and what to write instead.
 */
import { schemaChecker } from '../../rules/ruleset/checker.ts'
import ruleset from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }
import type { ClearanceSource, LabelSource } from '../../rules/ruleset/schema.ts'
import schema from './edge.schema.json' with { type: 'json' }

type Tls = Readonly<{ peer: string; certificate: string; key: string; ca: string }>
type BundleRef = Readonly<{ file: string; digest: string }>

/** edge.yaml after the schema: defaults filled in, nothing else in it. */
export type EdgeSource = Readonly<{
  name: string
  side: string
  state: string
  s2s: Readonly<{
    listen: string
    ca: readonly string[]
    certificates: readonly Readonly<{ domains: readonly string[]; certificate: string; key: string }>[]
    routes?: readonly Readonly<{ domain: string; host: string; port: number }>[]
  }>
  gcxp: Readonly<{
    out: Tls & Readonly<{ host: string; port: number }>
    in: Tls & Readonly<{ listen: string }>
  }>
  bundles: Readonly<{ out: BundleRef; in: BundleRef }>
  metrics: Readonly<{ listen: string }>
  cmbac?: CmbacSource
  limits: EdgeLimits
}>

export type EdgeLimits = Readonly<{
  handshakeSeconds: number
  stanzaSeconds: number
  iqSeconds: number
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
