/**
 * edge.schema.json applied: the closed form of edge.yaml, each error with its place and what to write instead.
 */
import { schemaChecker } from '../../rules/ruleset/checker.ts'
import type { Manner } from '../outbound/stream.ts'
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
    streams?: readonly (Manner & Readonly<{ domain: string }>)[]
  }>
  gcxp: Readonly<{
    out: Tls & Readonly<{ host: string; port: number }>
    in: Tls & Readonly<{ listen: string }>
  }>
  bundles: Readonly<{ out: BundleRef; in: BundleRef }>
  metrics: Readonly<{ listen: string }>
  limits: EdgeLimits
}>

export type EdgeLimits = Readonly<{
  handshakeSeconds: number
  stanzaSeconds: number
  acknowledgeSeconds: number
  idleSeconds: number
  hardOctets: number
  iqSeconds: number
  queueStanzas: number
}>

/** Checks the value of edge.yaml; the defaults are written into it. */
export const checkEdgeSource = schemaChecker<EdgeSource>(schema, 'doc/edge.md')
