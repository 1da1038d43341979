/**
 * The review of a bundle: the page from which an accreditor decides whether to sign.
 *
 * Made from the bundle alone, so that it shows what a guard enforces and not what sources seem to say.
 */
import type { Bundle } from '../bundle/bundle.ts'
import { judgeExamples, verdictWords } from '../examples/judge.ts'
import { formatDate } from '../text/date.ts'
import { choiceSections } from './choices.ts'
import { labelSections } from './labels.ts'
import {
  type Block,
  type Cell,
  code,
  heading,
  type Inline,
  type Line,
  list,
  type Page,
  paragraph,
  strong,
  table,
  warning,
} from './page.ts'
import { CARRIERS, type Carrier, residualBits, total } from './residual.ts'
import { stanzaSections } from './stanzas.ts'
import { andList, duration, formTitle, number, standardOf } from './words.ts'

/** Who has signed, in words; or what is wrong with the signatures. */
export type SignedBy = Readonly<{ signers: readonly string[] }> | Readonly<{ problems: readonly string[] }>

/** The page; `signed` is left out when nobody looked for signatures. */
export function reviewPage(bundle: Bundle, digest: string, signed?: SignedBy): Page {
  return {
    title: `${bundle.name}, version ${bundle.version}`,
    subtitle: `Review of the rules from ${bundle.from.name} to ${bundle.to.name}. SHA-256 ${digest}`,
    blocks: [
      ...identity(bundle, digest, signed),
      ...summary(bundle),
      ...choiceSections(bundle),
      ...labelSections(bundle.labels.rows),
      ...windows(bundle),
      ...stanzaSections(bundle),
      ...changed(bundle),
      ...limits(bundle),
      ...residual(bundle),
      ...examples(bundle),
      ...sources(bundle),
    ],
  }
}

function identity(bundle: Bundle, digest: string, signed: SignedBy | undefined): Block[] {
  const { validity = {} } = bundle
  const { notBefore, notAfter, replaces } = validity
  const judged = judgeExamples(bundle)
  const failed = judged.filter(({ differs }) => differs !== undefined).length
  const tests: Inline =
    judged.length === 0
      ? warning('the bundle carries no examples')
      : failed > 0
        ? warning(`${failed} of ${judged.length} examples fail`)
        : `${judged.length} of ${judged.length} examples as expected`
  return [
    table(
      ['What', 'This bundle'],
      [
        ['Bundle', `${bundle.name}, version ${bundle.version}`],
        ['SHA-256', code(digest)],
        ['Valid from', notBefore === undefined ? 'no beginning stated' : formatDate(notBefore)],
        ['Valid until', notAfter === undefined ? warning('no end stated') : formatDate(notAfter)],
        ['Replaces', replaces === undefined ? 'no bundle stated' : code(replaces)],
        ['Signatures', { lines: signatureLines(signed) }],
        ['Examples', tests],
        ['Unicode', `tables of version ${bundle.unicode}`],
      ],
    ),
  ]
}

function signatureLines(signed: SignedBy | undefined): Line[] {
  if (signed === undefined) return ['not looked at']
  if ('problems' in signed) return signed.problems.map((problem) => [warning(problem)])
  return signed.signers.map((signer) => `signed by ${signer}`)
}

function summary(bundle: Bundle): Block[] {
  const domains = (side: 'from' | 'to'): string => {
    const kinds = { im: 'users', rooms: 'rooms' }
    return andList(bundle[side].domains.map(({ name, kind }) => `${name} (${kinds[kind]})`))
  }
  const titles = bundle.forms.map(formTitle)
  const labels = new Set(bundle.labels.rows.map(({ name }) => name)).size
  return [
    heading('In short'),
    list([
      [strong('From '), `${bundle.from.name}: ${domains('from')}.`],
      [strong('To '), `${bundle.to.name}: ${domains('to')}.`],
      [
        strong('Kinds of stanza: '),
        titles.length === 0 ? 'none.' : `${titles.length}: ${titles.join('; ')}.`,
      ],
      [strong('Standards: '), `${andList([...new Set(namespaces(bundle))].map(standardOf))}.`],
      [
        strong('Labels: '),
        labels === 0
          ? 'none is accepted; no labelled stanza crosses.'
          : `${number(labels)} are accepted, each listed below.`,
      ],
      [strong('Direction: '), 'one way. Two-way chat is a second bundle, reviewed by itself.'],
    ]),
  ]
}

function namespaces(bundle: Bundle): string[] {
  const found: string[] = []
  const walk = (slots: Bundle['forms'][number]['slots']): void => {
    for (const slot of slots) {
      if (slot.type === 'label') continue
      for (const rule of slot.of) {
        found.push(rule.ns)
        if (rule.content.type === 'elements') walk(rule.content.slots)
      }
    }
  }
  for (const form of bundle.forms) walk(form.slots)
  return found.sort()
}

function windows({ labels }: Bundle): Block[] {
  const { creationPast, creationFuture, reviewAfterCreation } = labels.windows
  return [
    heading('Dates of labels'),
    list([
      `A label was created at most ${duration(creationPast)} ago, and at most ${duration(creationFuture)} ahead of the guard’s clock.`,
      `It is to be reviewed at most ${duration(reviewAfterCreation)} after its creation, and not before it.`,
      'A date outside refuses the stanza.',
    ]),
  ]
}

/** What the edge takes out, what the guard makes anew. */
function changed({ edge }: Bundle): Block[] {
  const { strip, stripInside = [], stripAttributes = [] } = edge
  const rows: Cell[][] = [
    ...strip.map(({ ns, name }): Cell[] => [code(name), standardOf(ns), 'wherever it stands']),
    ...stripInside.map(({ ns, name, parent }): Cell[] => [
      code(name),
      standardOf(ns),
      ['inside ', code(parent.name)],
    ]),
    ...stripAttributes.map(({ ns, name, attribute }): Cell[] => [
      code(attribute),
      standardOf(ns),
      ['attribute of ', code(name)],
    ]),
  ]
  return [
    heading('What is dropped and what is made anew'),
    paragraph(
      'The guard drops nothing: what it does not know refuses the stanza. It writes every stanza anew from the parts that it has checked:',
    ),
    list([
      'the label element, with its display marking and colours, from this bundle;',
      'the canonical spelling: order of children and attributes, namespaces, references, white space between elements.',
    ]),
    ...(rows.length === 0
      ? [paragraph('The sending edge takes nothing out either.')]
      : [
          paragraph('Before the guard sees a stanza, the sending edge takes these out:'),
          table(['Taken out', 'Standard', 'Where'], rows),
        ]),
    ...((edge.equivalents ?? []).some((values) => values.length > 0)
      ? [
          paragraph(
            'It also takes out labels that stand beside a listed one as its equivalents (XEP-0258) or alternatives (STANAG 4774), when they are what the policies derive of it; any other refuses the stanza. What makes a listed pair is left in its place.',
          ),
        ]
      : []),
  ]
}

function limits({ limits }: Bundle): Block[] {
  return [
    heading('Limits'),
    table(
      ['Limit', 'Value'],
      [
        ['Octets of a stanza', number(limits.stanzaBytes)],
        ['Depth of elements', number(limits.depth)],
        ['Stanzas a second (more are delayed, not refused)', number(limits.rate)],
        ['Stanzas at once after a pause', number(limits.burst)],
        ...(limits.pairRate === undefined || limits.pairBurst === undefined
          ? []
          : [
              ['Of these a second between any two bare addresses', number(limits.pairRate)],
              ['And at once after a pause', number(limits.pairBurst)],
            ]),
      ],
    ),
  ]
}

function residual(bundle: Bundle): Block[] {
  const forms = residualBits(bundle)
  const carriers = (Object.keys(CARRIERS) as Carrier[]).filter((name) => forms.some(({ bits }) => bits[name]))
  const rows = carriers.map((name): Cell[] => {
    const most = forms.toSorted((a, b) => (b.bits[name] ?? 0) - (a.bits[name] ?? 0))[0]!
    const where = forms.filter(({ bits }) => bits[name]).map(({ form }) => formTitle(form))
    const bits = most.bits[name] ?? 0
    const everywhere = where.length === bundle.forms.length ? 'every stanza' : where.join('; ')
    return [
      CARRIERS[name],
      bits < 10 ? bits.toFixed(1) : number(Math.round(bits)),
      formTitle(most.form),
      everywhere,
    ]
  })
  return [
    heading('What is left of covert channels'),
    paragraph(
      'A sender who works with the receiver can say something beside the labelled words, in the choices that the rules leave. Counted here are ',
      'all values that the rules admit, in bits for each stanza: an upper bound. Text under a label is content and not counted.',
    ),
    table(['Carrier', 'Bits at most', 'Most in', 'In'], rows),
    table(
      ['Form', 'Bits at most, all carriers'],
      forms.map(({ form, bits }) => [formTitle(form), number(Math.round(total(bits)))]),
    ),
    list([
      `When: stanzas leave at most ${number(bundle.limits.rate)} a second and ${number(bundle.limits.burst)} at once; the moment of each is its sender’s choice.`,
      `Size: between nothing and ${number(bundle.limits.stanzaBytes)} octets, at most ${Math.log2(bundle.limits.stanzaBytes).toFixed(0)} bits a stanza where the size is seen and the content is not.`,
      'Verdict: a refused stanza is answered with one constant error; the reason stays in the audit.',
    ]),
  ]
}

function examples(bundle: Bundle): Block[] {
  const judged = judgeExamples(bundle)
  if (judged.length === 0) return [heading('Examples'), paragraph(warning('The author has given none.'))]
  return [
    heading('Examples'),
    paragraph('The author’s example stanzas, judged again by these rules while this page was made.'),
    table(
      ['Example', 'At', 'Verdict', 'As expected'],
      judged.map(({ example, verdict, differs }) => [
        example.name,
        formatDate(example.at),
        verdictWords(bundle, verdict),
        differs === undefined ? 'yes' : warning(differs),
      ]),
    ),
  ]
}

function sources({ sources }: Bundle): Block[] {
  return [
    heading('Sources'),
    paragraph(
      'The files from which the bundle was compiled. Compiling them again gives the same bundle, octet for octet, on any machine.',
    ),
    table(
      ['File', 'SHA-256'],
      sources.map(({ file, sha256 }) => [file, code(sha256)]),
    ),
  ]
}
