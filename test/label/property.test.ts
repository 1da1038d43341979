/** Properties that hold for every label of every policy, tried on generated ones. */
import fc from 'fast-check'
import t from 'tap'
import { access } from '../../rules/clearance/access.ts'
import { bind4774Clearance, bindX501, clearance4774Of, x501Of } from '../../rules/clearance/clearance.ts'
import { read4774Clearance, write4774Clearance } from '../../rules/clearance/stanag4774.ts'
import { decodeX501, encodeX501 } from '../../rules/clearance/x501.ts'
import {
  bind4774,
  bindEss,
  bindLabel4774,
  bindPayload,
  essOf,
  informationOf,
  label4774Of,
} from '../../rules/label/bind.ts'
import { decodeEss, encodeEss } from '../../rules/label/ess.ts'
import { categoryType } from '../../rules/label/kind.ts'
import { type BindingProblem, isProblem, type Label, labelKey, makeLabel } from '../../rules/label/label.ts'
import { type Origin, read4774, write4774 } from '../../rules/label/stanag4774.ts'
import { readBindingData, writeBindingData } from '../../rules/label/stanag4778.ts'
import { fill, wireTemplate } from '../../rules/label/template.ts'
import { readWireLabel, writeEssPayload, writeSecurityLabel } from '../../rules/label/wire.ts'
import { readSecurityLabel } from '../../rules/label/xep0258.ts'
import { refused } from '../../rules/reasons.ts'
import { mapIncoming } from '../../rules/spif/incoming.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { marking } from '../../rules/spif/marking.ts'
import { validate } from '../../rules/spif/validity.ts'
import { encodeBase64 } from '../../rules/text/base64.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { clearanceOf, knottedPair, labelOf, pair, spif } from '../spif/generate.ts'
import { FORMS, row, spelling } from './rows.ts'

const LIMITS = { stanzaBytes: 1 << 20, depth: 20 }
const DATE = '2026-01-02T03:04:05Z'
/** Tries a property so often. What fails is said by seed and reason: the policies themselves would fill a screen. */
function holds<T>(test: Pick<typeof t, 'ok'>, property: fc.IProperty<T>, numRuns: number): void {
  const { failed, numRuns: run, seed, counterexamplePath, errorInstance } = fc.check(property, { numRuns })
  const reason = errorInstance instanceof Error ? errorInstance.message.slice(0, 200) : ''
  const where = `seed ${seed}, path ${counterexamplePath?.slice(0, 200)}`
  test.ok(!failed, failed ? `${reason} (after ${run}, ${where})` : `${run} tried`)
}

const spifAndLabel = spif.chain((own) => labelOf(own).map((label) => ({ own, label })))

function sound<T extends object>(value: T | BindingProblem): T {
  if (isProblem(value)) throw new Error(`${value.problem} ${value.detail}`)
  return value
}

function parse(text: string): XmlElement {
  const root = parseText(text, LIMITS)
  if (refused(root)) throw new Error(root.refused)
  return root
}

function write(own: Parameters<typeof informationOf>[0], label: Label): XmlElement {
  return write4774({
    role: 'originator',
    information: sound(informationOf(own, label)),
    creation: DATE,
    review: DATE,
  })
}

/** How a label's 4774 form can be read: two Types in one tag set make a TagName twice, which strict reading refuses. */
function modeFor({ categories }: Label): 'strict' | 'lenient' {
  const types = new Set(categories.map(({ tagSet, tag }) => `${tagSet.id} ${categoryType(tag.kind)}`))
  return types.size === new Set(categories.map(({ tagSet }) => tagSet.id)).size ? 'strict' : 'lenient'
}

/** Dates and originator as a label may have them, wide of what the wire has. */
const origin: fc.Arbitrary<Origin> = fc.record(
  {
    role: fc.constantFrom('originator' as const, 'alternative' as const, 'metadata' as const),
    originatorId: fc.record({
      type: fc.constantFrom('jID' as const, 'x400Address' as const),
      value: fc.constantFrom('a@b', 'é &<'),
    }),
    creation: fc.constantFrom(DATE, '1969-07-20T20:17:40Z', '12026-01-01T00:00:00Z'),
    review: fc.constantFrom(DATE, '-0044-03-15T12:00:00Z'),
    id: fc.constantFrom('x', '_é-1'),
  },
  { requiredKeys: ['role', 'creation', 'review'] },
)

t.test('a STANAG 4774 label keeps all of its origin', async (t) => {
  holds(
    t,
    fc.property(spifAndLabel, origin, ({ own, label }, given) => {
      const text = serialise(write4774(sound(label4774Of(own, { ...label, origin: given }))))
      const read = read4774(parse(text), modeFor(label))
      if ('problem' in read) return false
      const bound = sound(bindLabel4774(own, read.label))
      return (
        labelKey(bound) === labelKey(label) && serialise(write4774(sound(label4774Of(own, bound)))) === text
      )
    }),
    150,
  )
})

t.test('decoding what was encoded gives the label, in every format', async (t) => {
  holds(
    t,
    fc.property(spifAndLabel, ({ own, label }) => {
      const key = labelKey(label)
      const octets = encodeEss(sound(essOf(own, label)))
      for (const rules of ['der', 'ber'] as const) {
        const ess = decodeEss(octets, rules)
        if ('problem' in ess || labelKey(sound(bindEss(own, ess))) !== key) return false
      }
      const element = write(own, label)
      const read = read4774(parse(serialise(element)), modeFor(label))
      if ('problem' in read || labelKey(sound(bind4774(own, read.label.information))) !== key) return false
      for (const payload of [element, writeEssPayload(encodeBase64(octets))]) {
        const envelope = readSecurityLabel(parse(serialise(writeSecurityLabel(payload, marking(label, own)))))
        if ('problem' in envelope || labelKey(sound(bindPayload(envelope.label!, own))) !== key) return false
      }
      const bound = readBindingData(parse(serialise(writeBindingData([element]))))
      if ('problem' in bound) return false
      const inner = read4774(bound[0]!, modeFor(label))
      return !('problem' in inner) && labelKey(sound(bind4774(own, inner.label.information))) === key
    }),
    300,
  )
})

t.test('encoding does not depend on the order in which categories were given', async (t) => {
  holds(
    t,
    fc.property(spifAndLabel, ({ own, label }) => {
      const turned = makeLabel(own, label.classification, [...label.categories].reverse(), label.privacyMark)
      const same =
        Buffer.compare(encodeEss(sound(essOf(own, label))), encodeEss(sound(essOf(own, turned)))) === 0
      return same && serialise(write(own, label)) === serialise(write(own, turned))
    }),
    150,
  )
})

t.test('clearances too survive both encodings, but for what has no effect', async (t) => {
  holds(
    t,
    fc.property(
      spif.chain((own) =>
        fc.tuple(clearanceOf(own), labelOf(own)).map(([clearance, label]) => ({ own, clearance, label })),
      ),
      ({ own, clearance, label }) => {
        const x501 = decodeX501(encodeX501(sound(x501Of(own, clearance))))
        const decided = access(label, clearance, own).permit
        if ('problem' in x501 || access(label, sound(bindX501(own, x501)), own).permit !== decided)
          return false
        if (clearance.classifications.length === 0) return true // STANAG 4774 demands a class
        const read = read4774Clearance(
          parse(serialise(write4774Clearance(clearance4774Of(own, clearance)))),
          'strict',
        )
        return (
          !('problem' in read) &&
          access(label, sound(bind4774Clearance(own, read.clearance)), own).permit === decided
        )
      },
    ),
    150,
  )
})

t.test('the ESS and the 4774 form of a label decide alike', async (t) => {
  holds(
    t,
    fc.property(
      spifAndLabel.chain(({ own, label }) =>
        clearanceOf(own).map((clearance) => ({ own, label, clearance })),
      ),
      ({ own, label, clearance }) => {
        const ess = decodeEss(encodeEss(sound(essOf(own, label))), 'der')
        const xml = read4774(parse(serialise(write(own, label))), modeFor(label))
        if ('problem' in ess || 'problem' in xml) return false
        const forms = [sound(bindEss(own, ess)), sound(bind4774(own, xml.label.information))]
        const decisions = forms.map((form) =>
          JSON.stringify([access(form, clearance, own), validate(form, own), marking(form, own)]),
        )
        return decisions[0] === decisions[1]
      },
    ),
    150,
  )
})

t.test('mapping there and back never widens', async (t) => {
  let mapped = 0
  holds(
    t,
    fc.property(
      pair.chain(({ own, other }) =>
        fc
          .tuple(labelOf(own), clearanceOf(own))
          .map(([label, clearance]) => ({ own, other, label, clearance })),
      ),
      ({ own, other, label, clearance }) => {
        const plain = makeLabel(own, label.classification, label.categories)
        const there = mapOutgoing(plain, own, other)
        if ('problem' in there) return true
        const back = mapIncoming(there, own)
        if ('problem' in back) return true
        mapped += 1
        return !access(back, clearance, own).permit || access(plain, clearance, own).permit
      },
    ),
    200,
  )
  t.ok(mapped > 150, `${mapped} labels there and back`)
})

t.test(
  'nor does it where equivalences add, leave out, or go one way; what is left out is told',
  async (t) => {
    let [mapped, leftOut] = [0, 0]
    holds(
      t,
      fc.property(
        knottedPair.chain(({ own, other }) =>
          fc
            .tuple(labelOf(own), clearanceOf(own), fc.boolean())
            .map(([label, clearance, discard]) => ({ own, other, label, clearance, discard })),
        ),
        ({ own, other, label, clearance, discard }) => {
          const plain = makeLabel(own, label.classification, label.categories.slice(0, 4))
          const there = mapOutgoing(plain, own, other, { discard })
          if ('problem' in there) return true
          const back = mapIncoming(there, own, { discard })
          if ('problem' in back) return true
          mapped += 1
          const lost = there.discarded.length + back.discarded.length
          if (lost > 0) leftOut += 1
          return lost > 0
            ? discard
            : !access(back, clearance, own).permit || access(plain, clearance, own).permit
        },
      ),
      1500,
    )
    t.ok(mapped > 300, `${mapped} labels there and back`)
    t.ok(leftOut > 10, `${leftOut} with something left out`)
  },
)

t.test(
  'any change of an octet of an ESS label is refused, or is another label in its own one spelling',
  async (t) => {
    holds(
      t,
      fc.property(
        spifAndLabel,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ({ own, label }, place, difference) => {
          const octets = encodeEss(sound(essOf(own, label)))
          const at = place % octets.length
          octets[at] = octets[at]! ^ difference
          const read = decodeEss(octets, 'der')
          return 'problem' in read || Buffer.compare(encodeEss(read), octets) === 0
        },
      ),
      1000,
    )
  },
)

t.test(
  'any change of a character of a wire label is refused, not canonical, or is another label',
  async (t) => {
    holds(
      t,
      fc.property(
        spifAndLabel,
        fc.constantFrom(...FORMS),
        fc.nat(),
        fc.constantFrom(...'0Zaé <>&"=/\n\u0000'),
        ({ own, label }, form, place, character) => {
          if (isProblem(wireTemplate(label, own, form))) return true
          const made = row(label, own, form)
          const text = spelling(made)
          const at = place % text.length
          const changed = text.slice(0, at) + character + text.slice(at + 1)
          if (changed === text) return true
          const root = parseText(changed, LIMITS)
          if (refused(root) || serialise(root) !== changed) return true
          const read = readWireLabel(root)
          if (refused(read) || read.value !== made.input.value) return true
          // The same label is accepted in the row's own spelling only, with whatever dates.
          const { creation, review } = read
          const dates = {
            ...(creation === undefined ? {} : { creation }),
            ...(review === undefined ? {} : { review }),
          }
          return fill(made.input.template, dates) === changed
        },
      ),
      1000,
    )
  },
)

t.test('octets at random are refused or are labels in their one spelling, and nothing throws', async (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0x30, 0x31), (octets, first) => {
      const input = Uint8Array.from([first, octets.length, ...octets])
      decodeX501(input)
      decodeEss(input, 'ber')
      const read = decodeEss(input, 'der')
      return 'problem' in read || Buffer.compare(encodeEss(read), input) === 0
    }),
    3000,
  )
})
