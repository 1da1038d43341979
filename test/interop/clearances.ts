/**
 * Clearances of users at the edge of the high side: two of them, one of either side, are not cleared for what is under a handling
 * category; all others are for whatever the rulesets let cross.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const clearances = (more: boolean) => [
  {
    policy: 'ACME',
    classifications: ['OPEN', 'INTERNAL', 'RESTRICTED', 'SECRET'],
    categories: [
      { 'tag-set': 'Releasable To', values: ['ACME', 'HARBOUR'] },
      ...(more ? [{ 'tag-set': 'Handling', values: ['ENGINEERING'] }] : []),
    ],
  },
  {
    policy: 'HARBOUR',
    classifications: ['UNCLASSIFIED', 'LIMITED', 'CONFIDENTIAL'],
    categories: [
      { 'tag-set': 'Release', values: ['ACM', 'HARBOUR'] },
      ...(more ? [{ 'tag-set': 'Special Handling', values: ['TECHNICAL'] }] : []),
    ],
  },
]

/** Writes the users' clearances into a folder; gives what stands in the edge's configuration. `rules`: where the policies are. */
export function writeClearances(folder: string, rules: string): object {
  const file = join(folder, 'users.yaml')
  const less = clearances(false)
  writeFileSync(file, JSON.stringify({ 'alice@high.example': less, 'bob@low.example': less }))
  return {
    cmbac: {
      policies: ['acme', 'harbour'].map((policy) => join(rules, `${policy}.spif.xml`)),
      users: { domains: ['high.example', 'low.example'], file, default: clearances(true) },
    },
  }
}
