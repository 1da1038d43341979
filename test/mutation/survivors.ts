/**
 * Mutants that no input can tell from the program, each with the input that cannot exist. A mutant is named by file and text, not by
 * line; `times` says how many of the same text survive (1). The list is closed: a survivor that is not in it fails the run, and so does
 * an entry that no longer survives.
 */
import type { Mutant } from './targets.ts'

type Entry = Readonly<{ from: string; to: string; why: string; times?: number }>

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
  'rules/decide/canonical.ts': [
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
