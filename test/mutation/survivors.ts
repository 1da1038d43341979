/**
 * Mutants that no input can tell from the program, each with the input that cannot exist. A mutant is named by file and text, not by
 * line; `times` says how many of the same text survive (1). The list is closed: a survivor that is not in it fails the run, and so does
 * an entry that no longer survives.
 */
import type { Mutant } from './targets.ts'

type Entry = Readonly<{ from: string; to: string; why: string; times?: number }>

/** Of what is kept to be faster. */
const FORGOTTEN = 'what is not found among the known labels is decoded again, with the same answer'

const EQUIVALENT: Readonly<Record<string, readonly Entry[]>> = {
  'guard/verify/address.ts': [
    {
      from: 'at < slash',
      to: 'at <= slash',
      why: 'no `@` stands where the `/` stands or the address ends: one step further, and there is no local part all the same',
    },
    {
      from: '{ lines: false, ideographic: false }',
      to: '{}',
      why: 'what is absent is as false',
    },
    {
      from: 'point < 0x80',
      to: 'point <= 0x80',
      why: 'U+0080, a control, is in neither table of local parts',
    },
  ],
  'guard/verify/bundle.ts': [
    {
      from: '[]',
      to: '["Stryker was here"]',
      why: 'a refused word with blanks in it, which no run of letters equals; a slot before the first that takes no element and wants none',
      times: 2,
    },
    {
      from: "{ type: 'empty' }",
      to: '{}',
      why: 'content that is neither a value nor elements is none',
    },
    { from: "'empty'", to: '""', why: 'content that is neither a value nor elements is none' },
    { from: "typeof part === 'string'", to: 'false', why: 'a string that has a member `hole`' },
    { from: "typeof one !== 'string'", to: 'true', why: 'a string that has a member `hole`' },
    { from: "'string'", to: '""', why: 'a string that has a member `hole`', times: 2 },
  ],
  'guard/verify/content.ts': [
    {
      from: 'i > from',
      to: 'true',
      why: 'before a text stands nothing, before a resource a `/`: beside neither may a joiner or a variation selector stand',
      times: 2,
    },
    {
      from: 'i > from',
      to: 'i >= from',
      why: 'before a text stands nothing, before a resource a `/`: beside neither may a joiner or a variation selector stand',
      times: 2,
    },
  ],
  'guard/verify/decide.ts': [
    {
      from: 'false',
      to: 'true',
      why: 'an identifier that is read before `from`, which stands before `id` in every form: attributes stand in the order of their names',
    },
  ],
  'guard/verify/json.ts': [
    { from: '[]', to: '["Stryker was here"]', why: 'a member of that name would have to be in a bundle' },
    { from: "typeof value !== 'number'", to: 'false', why: 'a safe integer that is no number' },
  ],
  'guard/verify/labels.ts': [
    {
      from: 'close < 0',
      to: 'close <= 0',
      why: 'the end tag of a label at octet 0, where the stanza begins',
    },
  ],
  'guard/verify/profile.ts': [
    {
      from: 'opening === undefined',
      to: 'false',
      why: 'what is no start tag has been refused, and the first reason counts; no form and no slot takes it',
      times: 2,
    },
    {
      from: 'progress.obliged >= 0',
      to: 'progress.obliged > 0',
      why: 'an element inside the stanza that begins at octet 0',
    },
    {
      from: "'element'",
      to: '""',
      why: 'a stanza that is the child of another: only of children is the kind asked',
    },
    { from: 'start < 0', to: 'start <= 0', why: 'an attribute at octet 0, where the stanza begins' },
    { from: 'end < 0', to: 'end <= 0', why: 'an attribute at octet 0, where the stanza begins' },
    {
      from: 'label === undefined',
      to: 'false',
      why: 'what is refused stays refused, whatever is read after it',
    },
    {
      from: 'child === undefined',
      to: 'false',
      why: 'what is refused stays refused, whatever is read after it',
    },
    {
      from: 'values === undefined',
      to: 'false',
      why: 'what is refused stays refused, whatever is read after it',
      times: 2,
    },
    {
      from: 'read === undefined',
      to: 'false',
      why: 'what is refused stays refused, whatever is read after it',
    },
    {
      from: "slot.type === 'label'",
      to: 'false',
      why: 'a label slot with a least number: what has none wants none',
    },
    { from: "'label'", to: '""', why: 'a label slot with a least number: what has none wants none' },
    {
      from: 'progress.obliged < 0',
      to: 'progress.obliged <= 0',
      why: 'an element inside the stanza that begins at octet 0',
    },
    { from: 'bad >= 0', to: 'bad > 0', why: 'a value at octet 0, where the stanza begins', times: 2 },
  ],
  'guard/verify/narrow.ts': [
    { from: 'narrow.words.size === 0', to: 'false', why: 'a word in an empty list' },
    { from: 'start >= 0', to: 'true', why: 'an empty word in the list of words' },
  ],
  'guard/verify/nfc.ts': [
    {
      from: 'i < to',
      to: 'i <= to',
      why: 'a text that only the longer way finds not normal: both ways give one answer',
    },
    {
      from: 'unsteady[points[i]!] === 1',
      to: 'true',
      why: 'a text that only the longer way finds not normal: both ways give one answer',
    },
    {
      from: 'composed.length !== to - from',
      to: 'false',
      why: 'a text that begins like its own NFC and has another length: what composes or comes apart is not what stood there',
    },
    { from: 'at > 0', to: 'true', why: 'a mark before the first code point' },
    { from: 'first <= 0xd7a3', to: 'first < 0xd7a3', why: 'U+D7A3 without a final consonant: it has one' },
    { from: 'at > 0', to: 'at >= 0', why: 'a mark before the first code point' },
    { from: '-1', to: '+1', why: 'a text that begins with a mark: it has been refused' },
    { from: 'starter >= 0', to: 'true', why: 'a text that begins with a mark: it has been refused' },
  ],
  'guard/verify/rules.ts': [
    {
      from: 'at < value.end',
      to: 'at <= value.end',
      why: 'behind an identifier stands what ends it, which is neither a blank nor an apostrophe',
    },
    {
      from: 'index < 0',
      to: 'false',
      why: 'nothing stands at place -1, and nothing is no place at which a value breaks its rule',
    },
  ],
  'guard/verify/write.ts': [
    {
      from: 'i < values.length',
      to: 'i <= values.length',
      why: 'a value behind the last one: nothing is written for none',
    },
  ],
  'guard/verify/reader.ts': [
    {
      from: 'point < 0',
      to: 'point <= 0',
      why: 'a reference to U+0000: the four that are read are to others',
    },
    { from: 'end < 0', to: 'end <= 0', why: 'a declaration that ends at octet 0, where the stanza begins' },
    { from: 'false', to: 'true', why: 'what is refused stays refused, whatever is read after it' },
    {
      from: 'at < length',
      to: 'at <= length',
      why: 'a value that ends behind the stanza: one step further the longer way refuses it all the same',
    },
  ],
  'rules/address/jid.ts': [
    {
      from: '3 * MAX_PART + 2',
      to: '3 * MAX_PART - 2',
      why: 'an address of more than 2,301 octets: its parts are bounded too, and the domain to 253',
    },
    {
      from: 'text.length <= MAX_TEXT',
      to: 'true',
      why: 'an address of more than 2,301 octets: its parts are bounded too, and the domain to 253',
    },
    {
      from: 'text.length <= MAX_TEXT',
      to: 'text.length < MAX_TEXT',
      why: 'an address of more than 2,301 octets: its parts are bounded too, and the domain to 253',
    },
    {
      from: 'slash < 0',
      to: 'slash <= 0',
      why: 'an address that begins with `/`: it has no domain, and no local part holds one',
      times: 3,
    },
    {
      from: 'local === undefined',
      to: 'true',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    {
      from: 'local === undefined',
      to: 'false',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    {
      from: 'local === undefined',
      to: 'local !== undefined',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    { from: "'@'", to: '""', why: 'the text of an address as a whole, for which only the edge asks' },
    {
      from: 'resource === undefined',
      to: 'true',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    {
      from: 'resource === undefined',
      to: 'false',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    {
      from: 'resource === undefined',
      to: 'resource !== undefined',
      why: 'the text of an address as a whole, for which only the edge asks',
    },
    { from: "'/'", to: '""', why: 'the text of an address as a whole, for which only the edge asks' },
    {
      from: '/^[!#-%(-.0-9;=?[-~]+$/',
      to: '/^[!#-%(-.0-9;=?[-~]$/',
      why: 'a local part of ASCII that only the longer way refuses: both ways give one answer',
    },
    {
      from: 'ASCII_LOCAL.test(local)',
      to: 'false',
      why: 'a local part of ASCII that only the longer way refuses: both ways give one answer',
    },
    { from: 'point < 0x80', to: 'point <= 0x80', why: 'U+0080, a control, which neither way admits' },
    { from: 'point > 0xffff', to: 'point >= 0xffff', why: 'U+FFFF, which XML does not have' },
  ],
  'rules/label/ess.ts': [
    {
      from: "'problem' in set",
      to: 'false',
      why: 'what is no DER has no tag and no members: it is refused for that',
    },
    { from: "'problem'", to: '""', why: 'what is no DER has no tag and no members: it is refused for that' },
    { from: "rules === 'ber'", to: 'false', why: 'a label in BER: only the edge reads it' },
    { from: "'ber'", to: '""', why: 'a label in BER: only the edge reads it' },
    {
      from: "{ problem: 'an unknown category type', at: 0 }",
      to: '{}',
      why: 'what has no policy is refused for that',
    },
    { from: "{ problem: 'not in DER', at: 0 }", to: '{}', why: 'what has no policy is refused for that' },
    {
      from: 'set.tag !== TAG.set',
      to: 'false',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: 'seen.has(member.tag)',
      to: 'false',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: 'policy === undefined',
      to: 'false',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: 'label.privacyMark !== undefined',
      to: 'false',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: "rules === 'der' || tag === TAG.printableString",
      to: 'true',
      why: 'a label in BER: only the edge reads it',
    },
    { from: 'tag === TAG.printableString', to: 'false', why: 'a label in BER: only the edge reads it' },
    {
      from: 'tag === TAG.printableString',
      to: 'tag !== TAG.printableString',
      why: 'a label in BER: only the edge reads it',
    },
    {
      from: 'tag === TAG.set',
      to: 'true',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: '{ return { problem: `a member with tag ${tag}`, at: 0 } }',
      to: '{}',
      why: 'what is written again in DER and equals its octets: this has another spelling there',
    },
    {
      from: 'text.length <= 2 * most',
      to: 'true',
      why: 'a text of more code units than twice its code points',
    },
    {
      from: 'categories.length > MAX_CATEGORIES',
      to: 'false',
      why: 'a label that was not read before: what is read has no more categories, and no other characters in its mark',
    },
    {
      from: "throw new RangeError('more than 64 categories')",
      to: ';',
      why: 'a label that was not read before: what is read has no more categories, and no other characters in its mark',
    },
    {
      from: '!isPrintableString(mark.text)',
      to: 'false',
      why: 'a label that was not read before: what is read has no more categories, and no other characters in its mark',
    },
    {
      from: "throw new RangeError('a privacy mark that is not a PrintableString')",
      to: ';',
      why: 'a label that was not read before: what is read has no more categories, and no other characters in its mark',
    },
  ],
  'rules/label/known.ts': [
    {
      from: '{ for (const { holes, rows } of shapes.get(octets.length) ?? []) { const row = rows.get(withoutDates(octets, holes)) const dates = row === undefined ? undefined : datesOf(octets, holes) if (dates !== undefined) return { row: row!, ...dates } } return undefined }',
      to: '{}',
      why: FORGOTTEN,
    },
    {
      from: '{ const row = rows.get(withoutDates(octets, holes)) const dates = row === undefined ? undefined : datesOf(octets, holes) if (dates !== undefined) return { row: row!, ...dates } }',
      to: '{}',
      why: FORGOTTEN,
    },
    { from: 'row === undefined', to: 'true', why: FORGOTTEN },
    { from: 'dates !== undefined', to: 'false', why: FORGOTTEN },
    {
      from: "{ let length = 0 let text = '' const holes: Hole[] = [] for (const part of template) { if (typeof part === 'string') text += part else holes.push({ at: length, hole: part.hole }) length += typeof part === 'string' ? part.length : DATE } const ofLength = shapes.get(length) ?? [] shapes.set(length, ofLength) const isHere = ({ at, hole }: Hole, i: number) => holes[i]?.at === at && holes[i].hole === hole let shape = ofLength.find((one) => one.holes.length === holes.length && one.holes.every(isHere)) if (shape === undefined) ofLength.push((shape = { holes, rows: new Map() })) shape.rows.set(text, row) }",
      to: '{}',
      why: FORGOTTEN,
    },
    { from: "''", to: '"Stryker was here!"', why: FORGOTTEN },
    { from: '[]', to: '["Stryker was here"]', why: FORGOTTEN },
    {
      from: "{ if (typeof part === 'string') text += part else holes.push({ at: length, hole: part.hole }) length += typeof part === 'string' ? part.length : DATE }",
      to: '{}',
      why: FORGOTTEN,
    },
    { from: "typeof part === 'string'", to: 'true', why: FORGOTTEN, times: 2 },
    { from: "typeof part === 'string'", to: 'false', why: FORGOTTEN, times: 2 },
    { from: "typeof part === 'string'", to: "typeof part !== 'string'", why: FORGOTTEN, times: 2 },
    { from: "'string'", to: '""', why: FORGOTTEN, times: 2 },
    { from: 'text += part', to: 'text -= part', why: FORGOTTEN },
    { from: '{ at: length, hole: part.hole }', to: '{}', why: FORGOTTEN },
    {
      from: "length += typeof part === 'string' ? part.length : DATE",
      to: "length -= typeof part === 'string' ? part.length : DATE",
      why: FORGOTTEN,
    },
    { from: 'holes[i]?.at === at && holes[i].hole === hole', to: 'false', why: FORGOTTEN },
    { from: 'holes[i]?.at === at', to: 'holes[i]?.at !== at', why: FORGOTTEN },
    { from: 'holes[i]?.at', to: 'holes[i].at', why: FORGOTTEN },
    {
      from: 'holes[i].hole === hole',
      to: 'true',
      why: 'labels that have another date in the same place: all have them in one order',
    },
    { from: 'holes[i].hole === hole', to: 'holes[i].hole !== hole', why: FORGOTTEN },
    {
      from: '(one) => one.holes.length === holes.length && one.holes.every(isHere)',
      to: '() => undefined',
      why: FORGOTTEN,
    },
    {
      from: 'one.holes.length === holes.length && one.holes.every(isHere)',
      to: 'false',
      why: 'labels of one length with more or fewer dates: what is left without them has another length',
    },
    {
      from: 'one.holes.length === holes.length',
      to: 'true',
      why: 'labels of one length with more or fewer dates: what is left without them has another length',
    },
    {
      from: 'one.holes.length === holes.length',
      to: 'one.holes.length !== holes.length',
      why: 'labels of one length with more or fewer dates: what is left without them has another length',
    },
    { from: 'shape === undefined', to: 'true', why: FORGOTTEN },
    { from: '{ text += octets.slice(from, at) from = at + DATE }', to: '{}', why: FORGOTTEN },
    { from: 'text += octets.slice(from, at)', to: 'text -= octets.slice(from, at)', why: FORGOTTEN },
    { from: 'octets.slice(from, at)', to: 'octets', why: FORGOTTEN },
    { from: 'at + DATE', to: 'at - DATE', why: FORGOTTEN, times: 2 },
    { from: 'text + octets.slice(from)', to: 'text - octets.slice(from)', why: FORGOTTEN },
    { from: 'octets.slice(from)', to: 'octets', why: FORGOTTEN },
    {
      from: '{ const dates: { creation: string | undefined; review: string | undefined } = { creation: undefined, review: undefined, } for (const { at, hole } of holes) { const date = octets.slice(at, at + DATE) if (parseDate(date) === undefined || (dates[hole] ?? date) !== date) return undefined dates[hole] = date } return dates }',
      to: '{}',
      why: FORGOTTEN,
    },
    { from: '{ creation: undefined, review: undefined, }', to: '{}', why: FORGOTTEN },
    { from: 'octets.slice(at, at + DATE)', to: 'octets', why: FORGOTTEN },
    { from: 'parseDate(date) === undefined || (dates[hole] ?? date) !== date', to: 'true', why: FORGOTTEN },
    { from: '(dates[hole] ?? date) !== date', to: '(dates[hole] ?? date) === date', why: FORGOTTEN },
    { from: 'dates[hole] ?? date', to: 'dates[hole] && date', why: FORGOTTEN },
  ],
  'rules/label/wire.ts': [
    {
      from: "'label-malformed'",
      to: '""',
      why: 'the decision has a reason of its own for each label that cannot be read',
    },
    { from: "typeof node === 'string'", to: 'false', why: 'a text has no name' },
    { from: "'string'", to: '""', why: 'a text has no name', times: 2 },
    { from: "'problem'", to: '""', why: 'what has no policy is refused for that' },
    {
      from: "'strict'",
      to: '""',
      why: 'what only the lenient reading admits is written otherwise, and refused for that',
    },
    { from: 'creation === undefined', to: 'false', why: 'what is absent is no date' },
    { from: 'review === undefined', to: 'false', why: 'what is absent is no date' },
    {
      from: 'c.numbers.length > 0',
      to: 'false',
      why: 'numbers in a label: the strict reading does not know them',
    },
    {
      from: 'new Set(categories.map((c) => c.tagName)).size === categories.length',
      to: 'true',
      why: 'two Categories of one TagName: reading has made one of them',
    },
    {
      from: 'categories .map(({ tagSet, tagName, type, values }) => JSON.stringify([tagSet, tagName, type, [...values].sort()])) .sort()',
      to: 'categories.map(({ tagSet, tagName, type, values }) => JSON.stringify([tagSet, tagName, type, [...values].sort()]))',
      why: 'what is written in its order is sorted',
    },
    { from: '[...values].sort()', to: '[...values]', why: 'what is written in its order is sorted' },
    {
      from: 'a.name !== b.name || a.ns !== b.ns',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.name !== b.name || a.ns !== b.ns',
      to: 'a.name !== b.name && a.ns !== b.ns',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.name !== b.name',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.ns !== b.ns',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'false',
      to: 'true',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.attributes.length !== b.attributes.length || a.children.length !== b.children.length',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.attributes.length !== b.attributes.length || a.children.length !== b.children.length',
      to: 'a.attributes.length !== b.attributes.length && a.children.length !== b.children.length',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.attributes.length !== b.attributes.length',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'a.children.length !== b.children.length',
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'x.name === y.name && x.ns === y.ns',
      to: 'true',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'x.name === y.name && x.ns === y.ns',
      to: 'x.name === y.name || x.ns === y.ns',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'x.name === y.name',
      to: 'true',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: 'x.ns === y.ns',
      to: 'true',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: "typeof x === 'string' || typeof y === 'string'",
      to: "typeof x === 'string' && typeof y === 'string'",
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: "typeof x === 'string'",
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
    {
      from: "typeof y === 'string'",
      to: 'false',
      why: 'what the strict reading lets through is written again node for node: this only compares once more',
    },
  ],
  'rules/decide/label.ts': [
    { from: 'refused(label)', to: 'false', why: 'a label that is not read yet, as the edge has them' },
    {
      from: '{ reason: label.refused }',
      to: '{}',
      why: 'a label that is not read yet, as the edge has them',
    },
    {
      from: 'known.learn(rows[row]!.input.template, row)',
      to: ';',
      why: 'what has not been learnt is decoded again: one answer, later',
    },
    { from: "typeof part === 'string'", to: 'false', why: 'a string that has a member `hole`' },
    { from: "'string'", to: '""', why: 'a string that has a member `hole`' },
    { from: '[]', to: '["Stryker was here"]', why: 'an output that repeats a date of that name' },
    {
      from: "''",
      to: '"Stryker was here!"',
      why: 'a label without dates that has the octets of a template with dates',
    },
    {
      from: 'creation === undefined',
      to: 'false',
      why: 'a date that is none: the label has been read, with its dates',
    },
    { from: 'false', to: 'true', why: 'a date that is none: the label has been read, with its dates' },
    {
      from: 'review !== undefined',
      to: 'true',
      why: 'a date that is none: the label has been read, with its dates',
    },
  ],
  'rules/decide/profile.ts': [
    { from: 'false', to: 'true', why: 'two labels in one slot, to stand in order' },
  ],
  'rules/decide/canonical.ts': [
    {
      from: 'reference >= 0',
      to: 'reference > 0',
      why: 'a stanza that begins with a reference: it begins with `<`',
    },
    {
      from: 'i < a.length',
      to: 'true',
      why: 'two equal spellings: only different ones are asked where they differ',
    },
    {
      from: 'i < a.length',
      to: 'i <= a.length',
      why: 'two equal spellings: only different ones are asked where they differ',
    },
  ],
  'guard/verify/value.ts': [
    { from: 'true', to: 'false', why: 'a value that is looked at before one has been read' },
    { from: 'false', to: 'true', why: 'a value that is looked at before one has been read' },
    {
      from: 'i < value.length',
      to: 'i <= value.length',
      why: 'a code point behind the last: nobody looks there, and there is room for it in every stanza',
    },
  ],
  'guard/verify/unicode.ts': [
    { from: 'table.trim()', to: 'table', why: 'an empty word of a table is no range' },
  ],
  'guard/verify/template.ts': [
    { from: "'jabber:server'", to: '""', why: 'a label element of the namespace of stanzas' },
    {
      from: 'depth === undefined || reader.at !== octets.length',
      to: 'depth === undefined && reader.at !== octets.length',
      why: 'a template that is read as far as its end and refused, or read and not as far as its only end tag',
    },
    { from: 'depth === undefined', to: 'false', why: 'a template that is refused at its end' },
    {
      from: 'reader.at !== octets.length',
      to: 'false',
      why: 'a template whose element ends before its only end tag',
    },
    { from: 'declared < 0', to: 'declared <= 0', why: 'a declaration at the `<`', times: 2 },
    { from: 'declared >= 0', to: 'declared > 0', why: 'a declaration at the `<`' },
    {
      from: "'not-canonical'",
      to: '""',
      why: 'nobody asks for the reason: the bundle is refused as a whole',
    },
    { from: 'peek(reader) === LESS', to: 'true', why: 'an element that begins with another octet than `<`' },
    {
      from: '{ return undefined }',
      to: '{}',
      why: 'what is refused stays refused, whatever is read after it',
    },
    { from: 'end < 0', to: 'false', why: 'a name without an end: what is cut off otherwise is no name' },
    { from: 'end < 0', to: 'end <= 0', why: 'an attribute at the first octet of a template' },
  ],
  'rules/text/token.ts': [
    {
      from: 'value.length > 17',
      to: 'false',
      why: 'a safe integer of more than 17 characters without zeros before it',
    },
  ],
}

function sameText(one: Entry, { from, to }: Mutant): boolean {
  return one.from === from && one.to === to
}

/** Why no input tells a mutant from the program; undefined when nobody has said so. */
export function explained(mutant: Mutant): string | undefined {
  return EQUIVALENT[mutant.file]?.find((entry) => sameText(entry, mutant))?.why
}

/** Entries of which all mutants were tried, and not as many survived as they say. */
export function miscounted(
  all: readonly Mutant[],
  tried: ReadonlySet<Mutant>,
  survivors: readonly Mutant[],
): string[] {
  return Object.entries(EQUIVALENT).flatMap(([file, entries]) =>
    entries.flatMap((entry) => {
      const of = (list: readonly Mutant[]) => list.filter((one) => one.file === file && sameText(entry, one))
      const known = all.some((one) => one.file === file)
      const survived = of(survivors).length
      if (!known || !of(all).every((one) => tried.has(one)) || survived === (entry.times ?? 1)) return []
      return [`${file}: ${entry.from} → ${entry.to}: ${survived} survived, ${entry.times ?? 1} explained`]
    }),
  )
}
