/**
 * sallyport label: shows, makes, marks, checks and maps security labels, as an accreditor or an engineer needs it.
 *
 * Reads    labels, clearances, SPIFs and bundles that its arguments name, or standard input
 * Writes   its answer on stdout, as text or with --json; findings and errors on stderr
 * Trusts   its arguments; everything that it reads is checked, and control characters in it are made visible
 * Exits    0 yes or valid, 1 no or invalid, with the reason, 2 input that cannot be used
 */
import { parseArgs } from 'node:util'
import { BINDING_NS, XMPP_PROFILE_NS } from '../rules/label/stanag4778.ts'
import {
  checkAction,
  decodeAction,
  encodeAction,
  mapAction,
  markAction,
  validateAction,
} from './label/actions.ts'
import { type Arguments, OPTIONS } from './label/arguments.ts'
import { catalogAction } from './label/catalog.ts'
import { composeAction } from './label/compose.ts'
import { policyAction } from './label/policy.ts'
import { Unusable } from './label/unusable.ts'

const HELP = `usage: sallyport label ACTION [OPTION …] [LABEL]

  decode LABEL              what a label, clearance or catalog says; with --spif by names, with its marking
  encode --as FORM          a label in a form: ess, 4774, ess-0258, 4774-0258, 4774-4778
  compose                   what may be chosen next, for --clearance; --all for every valid label that it admits
  mark LABEL                its marking; --language, --location
  validate LABEL            whether its policy allows it; --new for a label that is being made
  check LABEL --clearance C whether it is valid and someone with that clearance may see it
  map LABEL --target SPIF   what it is under another policy; --incoming by the equivalences of the target
  catalog                   an XEP-0258 catalog of the labels of --bundle or --clearance; --format xml or prosody
  policy FILE               a SPIF for a person to read: classes, tag sets, rules, equivalences, findings

LABEL is a file, - for standard input, or the label itself: XML (a label, a securitylabel, BindingData, a whole
stanza), or an ESS label in base64 or hex. Instead of it, in words: --classification NAME, --category
"TAG SET=VALUE,VALUE" (repeatable), --privacy-mark TEXT, under the first --spif. A value that stands in two tags of
a tag set is "TAG SET::TAG=VALUE"; a backslash takes the meaning from , = : and \\ (as in "Caveats=X\\, Y").

  --spif FILE               a policy (repeatable); the label is read under the one that it names
  --clearance INPUT         like LABEL (repeatable: what one subject holds): X.501 in base64 or hex, alone or as the
                            whole attribute, or STANAG 4774 XML; one of them must admit, they are not put together
  --constraints INPUT       RFC 5913 constraints of an authority on the way to the subject (repeatable)
  --at DATE                 the moment that validity periods of policies and values are held against (now)
  --lenient                 forgive in SPIFs and labels what real ones have; what was forgiven goes to stderr
  --json                    answer as JSON
  --profile-namespace NS, --binding-namespace NS
                            of STANAG 4778 bindings, accepted besides ${XMPP_PROFILE_NS}
                            and ${BINDING_NS} (repeatable)
  --creation, --review DATE dates of a STANAG 4774 label to be made (creation: now)
  --output base64|hex       how encode writes ESS (base64)
  --discard                 map: leave out what the policy says to discard
  --privacy-mark-mapping    map: keep or drop the privacy mark, which has no equivalence
  --limit N                 compose, catalog: most labels (1000)
  --name, --desc, --to, --restrict, --default MARKING|SELECTOR   of a catalog

exit code: 0 yes or valid, 1 no or invalid (the reason is said), 2 input that cannot be used
`

const ACTIONS: ReadonlyMap<string, (args: Arguments) => number> = new Map([
  ['decode', decodeAction],
  ['encode', encodeAction],
  ['compose', composeAction],
  ['mark', markAction],
  ['validate', validateAction],
  ['check', checkAction],
  ['map', mapAction],
  ['catalog', catalogAction],
  ['policy', policyAction],
])

/** Runs `sallyport label` with its arguments; gives the exit code. */
export async function labelCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true })
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const [name, operand, ...more] = positionals
  const action = name === undefined ? undefined : ACTIONS.get(name)
  if (action === undefined) {
    const known = [...ACTIONS.keys()].join(', ')
    return complain(
      name === undefined ? `say what to do: ${known}` : `unknown action "${name}"; use one of ${known}`,
    )
  }
  if (more.length > 0) return complain(`one input at a time, not also "${more.join(' ')}"`)
  try {
    return action({ ...values, operand })
  } catch (error) {
    if (error instanceof Unusable) return complain(error.message)
    throw error
  }
}

function complain(wrong: string): number {
  process.stderr.write(`sallyport label: ${wrong} (see sallyport label --help)\n`)
  return 2
}
