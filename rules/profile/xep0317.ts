/** XEP-0317: hats, what an occupant of a room is there as (§3). Their titles oblige the presence to carry a label. */
import type { ElementRule } from '../bundle/bundle.ts'
import { children, elementRule, empty, required, setOf } from './element.ts'

const HATS_NS = 'urn:xmpp:hats:0'

export const features = [HATS_NS]

const MAX_HATS = 8
const MAX_TITLE = 64
const MAX_URI = 256

export const hats: ElementRule = elementRule(
  HATS_NS,
  'hats',
  [],
  children(
    setOf(
      MAX_HATS,
      elementRule(
        HATS_NS,
        'hat',
        [
          required('title', { type: 'text', max: MAX_TITLE, lines: false }),
          required('uri', { type: 'identifier', max: MAX_URI }),
        ],
        empty,
        'always',
      ),
    ),
  ),
)
