/** sallyport edge explain: which rule of `controls` holds for a domain, and why each other one does not. */

import { readEdgeFile } from '../edge/config/file.ts'
import { createControls } from '../edge/controls.ts'
import { normaliseJid } from '../rules/address/jid.ts'
import { complain } from './edge-asked.ts'
import { UsageError } from './usage.ts'

/** Exit code 1 where no rule holds: its servers may not connect. */
export function explainCommand(file: string, domain: string): number {
  const address = normaliseJid(domain)
  if (address === undefined || address.text !== address.domain)
    throw new UsageError(`${JSON.stringify(domain)}: write a domain`)
  const read = readEdgeFile(file)
  if ('problems' in read) return complain(read.problems)
  const { controls } = read.source
  if (controls === undefined) {
    process.stdout.write('there are no controls: each own domain may do what the bundles let it\n')
    return 0
  }
  const { explain, ruleFor } = createControls(controls)
  for (const line of explain(address.domain)) process.stdout.write(`${line}\n`)
  if (ruleFor(address.domain) !== undefined) return 0
  process.stdout.write(`no rule holds for ${address.domain}: it may not connect\n`)
  return 1
}
