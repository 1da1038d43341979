/**
 * The effective configuration for people: edge.yaml with its defaults, each certificate with whose it is and until when, and
 * nothing secret. A secret is named by its file, whose content is not read here.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Document, isScalar } from 'yaml'
import type { Path } from '../../rules/ruleset/yaml.ts'
import { keyDigest } from '../tls-ext/trust.ts'
import type { EdgeFile } from './file.ts'

/** A value of the configuration that is no list and no map; `words` is its place, such as `s2s.certificates[0].key`. */
export type Leaf = Readonly<{
  path: Path
  words: string
  kind: 'secret' | 'certificate' | 'plain'
  value: string
}>

const SECRETS: ReadonlySet<string> = new Set(['key', 'signingKey', 'passwordFile'])
const CERTIFICATES: ReadonlySet<string> = new Set(['certificate', 'ca'])

/** All of them, in their order. */
export function leaves({ source }: EdgeFile): Leaf[] {
  const found: Leaf[] = []
  const walk = (value: unknown, path: Path, name: string): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value))
        if (Array.isArray(value)) walk(inner, [...path, Number(key)], name)
        else walk(inner, [...path, key], key)
      return
    }
    const kind = SECRETS.has(name) ? 'secret' : CERTIFICATES.has(name) ? 'certificate' : 'plain'
    found.push({ path, words: wordsOf(path), kind, value: String(value) })
  }
  walk(source, [], '')
  return found
}

function wordsOf(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
}

/** YAML that could be read again. */
export function showConfig(file: EdgeFile): string {
  const document = new Document(file.source)
  for (const { path, kind, value } of leaves(file)) {
    const node = document.getIn(path, true)
    if (!isScalar(node)) continue
    const said = [
      ...(file.given(path) ? [] : ['default']),
      ...(kind === 'secret' ? ['content not shown'] : []),
      ...(kind === 'certificate' ? [describeCertificate(resolve(file.folder, value))] : []),
    ]
    if (said.length > 0) node.comment = ` ${said.join('; ')}`
  }
  return document.toString({ lineWidth: 0 })
}

function describeCertificate(path: string): string {
  try {
    const certificate = new X509Certificate(readFileSync(path))
    const subject = certificate.subject
      .split('\n')
      .join(', ')
      .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
    return `${subject}, until ${certificate.validToDate.toISOString()}, SPKI sha256 ${keyDigest(certificate)}`
  } catch {
    return 'cannot be read'
  }
}
