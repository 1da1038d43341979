/** XEP-0128: what a room tells of itself beyond features (XEP-0045 §15.5): numbers and switches, never its name and subject. */
import type { ElementRule } from '../bundle/bundle.ts'
import { resultForm } from './xep0004.ts'

/** The registered fields of `http://jabber.org/protocol/muc#roominfo` whose values are no words. */
export const roomInformation: ElementRule = resultForm([
  'FORM_TYPE',
  'muc#maxhistoryfetch',
  'muc#roominfo_changesubject',
  'muc#roominfo_lang',
  'muc#roominfo_occupants',
  'muc#roominfo_subjectmod',
])
