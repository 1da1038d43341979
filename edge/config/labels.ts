/**
 * The list `labels` of edge.yaml: the format that the server of each own domain speaks. Each label that may come to it, or from
 * it, must be one of a policy at hand.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { listed } from '../../rules/ruleset/problem.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { createLabelReader } from '../cmbac/labels.ts'
import type { PeerFormat } from '../formats/index.ts'
import { labelsOf } from '../formats/rows.ts'

/** An entry as it stands there. */
export type PeerLabels = Readonly<{ domain: string; format: PeerFormat }>

/** Rows that one problem names. */
const NAMED = 3

/** By own domain. `policies`: those of `cmbac`, undefined where there are none or one could not be read, which was told then. */
export function resolveLabels(
  entries: readonly PeerLabels[] | undefined,
  bundles: Readonly<{ out: Bundle; into: Bundle }>,
  policies: readonly Spif[] | undefined,
  wrong: (path: Path, message: string) => void,
): ReadonlyMap<string, PeerFormat> {
  const { out, into } = bundles
  const formats = new Map<string, PeerFormat>()
  for (const [i, { domain, format }] of (entries ?? []).entries()) {
    const path: Path = ['labels', i, 'domain']
    if (!out.from.domains.some(({ name }) => name === domain))
      wrong(path, `${domain} is not an own domain of the bundle: correct or remove it`)
    else if (formats.has(domain)) wrong(path, `${domain} stands here twice: choose one format`)
    else formats.set(domain, format)
  }
  if (entries === undefined || policies === undefined) return formats
  const read = createLabelReader(policies)
  const unknown = new Set([
    ...out.labels.rows.filter(({ input }) => labelsOf(input.template, input.form, read) === undefined),
    ...into.labels.rows.filter(({ output }) => labelsOf(output.template, output.form, read) === undefined),
  ])
  if (unknown.size > 0) {
    const names = [...new Set([...unknown].map(({ name }) => name))]
    const more = names.length > NAMED ? [`${names.length - NAMED} more`] : []
    const policy =
      policies.length === 0 ? 'there is no policy' : 'their policy is missing, or another edition'
    wrong(
      ['labels'],
      `the labels of this side in the rows ${listed([...names.slice(0, NAMED), ...more])} cannot be told: ${policy}; name the SPIF that the rulesets were compiled with in cmbac.policies`,
    )
  }
  return formats
}
