/** XEP-0092: name and version of somebody's software (§3), without the operating system. The answer's words oblige it to carry a label. */
import type { ElementRule } from '../bundle/bundle.ts'
import { children, elementRule, empty, exactlyOne, value } from './element.ts'

const VERSION_NS = 'jabber:iq:version'

export const features = [VERSION_NS]

/** Longest of each, in code points. */
const MAX_NAME = 64

function words(name: string): ElementRule {
  return elementRule(VERSION_NS, name, [], value({ type: 'text', max: MAX_NAME, lines: false }), 'always')
}

export const versionRequest: ElementRule = elementRule(VERSION_NS, 'query', [], empty)

export const versionAnswer: ElementRule = elementRule(
  VERSION_NS,
  'query',
  [],
  children(exactlyOne(words('name')), exactlyOne(words('version'))),
)
