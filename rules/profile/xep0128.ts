/** XEP-0128: what a room tells of itself beyond features (XEP-0045 §15.5): numbers and switches, never its name and subject. */
import type { ElementRule } from '../bundle/bundle.ts'
import { resultForm } from './xep0004.ts'

/** Occupants, and messages of history: `0` and `1` are switches too. A fuller room does not tell. */
const COUNTS = Array.from({ length: 1001 }, (_, count) => String(count))

/** The registered fields of `http://jabber.org/protocol/muc#roominfo` whose values are no words. */
export function roomInformation(languages: readonly string[]): ElementRule {
  return resultForm(
    [
      'FORM_TYPE',
      'muc#maxhistoryfetch',
      'muc#roominfo_changesubject',
      'muc#roominfo_lang',
      'muc#roominfo_occupants',
      'muc#roominfo_subjectmod',
    ],
    // Switches (XEP-0004 §3.3), counts, a language of the ruleset, and what the form is: no value that says anything else.
    ['http://jabber.org/protocol/muc#roominfo', 'true', 'false', ...languages, ...COUNTS],
  )
}
