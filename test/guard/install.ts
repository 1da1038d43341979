/** Other bundles for a site, and what its journal says of them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { armoured, ed25519, signerLine } from '../signature/make.ts'
import type { Site } from './harness.ts'

const anna = ed25519()
const ben = ed25519()

/** Puts a bundle into the site, `signed` by two, and has the configuration name it; gives its digest. */
export function install(site: Site, name: string, bundle: Bundle, signed = false): string {
  const octets = bundleOctets(bundle)
  const digest = bundleDigest(octets)
  writeFileSync(join(site.directory, `${name}.json`), octets)
  let more = ''
  if (signed) {
    const signers = signerLine('author/anna', anna) + signerLine('accreditor/ben', ben)
    writeFileSync(join(site.directory, 'signers'), signers)
    sign(site, `${name}.anna.sig`, bundle, anna)
    sign(site, `${name}.ben.sig`, bundle)
    more = `, signers: signers, signatures: [${name}.anna.sig, ${name}.ben.sig]`
  }
  const text = readFileSync(site.config, 'utf8')
  const named = `bundle: { file: ${name}.json, digest: ${digest}${more} }`
  writeFileSync(site.config, text.replace(/bundle: \{.*\}/, named))
  return digest
}

/** Writes the accreditor's signature of a bundle. */
export function sign(site: Site, file: string, bundle: Bundle, key = ben): void {
  writeFileSync(join(site.directory, file), armoured(key, bundleOctets(bundle)))
}

/** The records of these types in a journal of one segment. */
export function journalRecords(site: Site, ...types: string[]): Record<string, unknown>[] {
  return readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => types.includes(type))
}
