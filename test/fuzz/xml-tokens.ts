/** Tokens of XML and of stanzas, for dictionaries. */
import { inserts } from '../verify/mutate.ts'

export const XML_TOKENS: readonly string[] = [
  ...inserts.filter(({ length }) => length > 1).map((octets) => octets.toString('latin1')),
  ...['<!DOCTYPE ', '<!ENTITY ', ']]>', '-->', '?>', '&#x', '&#x10ffff;', '&#0;', '&#xd800;', '&#13;'],
  ...[" xmlns='", ' xmlns:p="urn:p"', 'p:', 'xml:', ' xml:space="preserve"', 'xmlns:xml=', 'xmlns:xmlns='],
  ...['http://www.w3.org/XML/1998/namespace', 'http://www.w3.org/2000/xmlns/'],
  ...[
    '\xef\xbb\xbf',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xc0\x80',
    '\xe2\x80\xa8',
    '\xef\xbf\xbe',
    '\xc2\x85',
  ],
]
