/**
 * The slots of a form as places that are looked up by name, so that children are put in the profile's order whatever
 * order they came in (doc/formats.md §2).
 */
import type { ElementRule, Slot } from '../../rules/bundle/bundle.ts'
import type { XmlElement } from '../../rules/xml/node.ts'

/** The rules of a sequence of slots. */
export type Places = Readonly<{
  slots: readonly Slot[]
  byName: ReadonlyMap<string, readonly Place[]>
  /** Index of the label slot, or -1. */
  label: number
}>

/** A rule, the slot it stands in, and the places inside its element. */
export type Place = Readonly<{ slot: number; rule: ElementRule; inside: Places | undefined }>

export function compilePlaces(slots: readonly Slot[]): Places {
  const byName = new Map<string, Place[]>()
  for (const [index, slot] of slots.entries()) {
    if (slot.type === 'label') continue
    for (const rule of slot.of) {
      const inside = rule.content.type === 'elements' ? compilePlaces(rule.content.slots) : undefined
      const list = byName.get(rule.name) ?? []
      list.push({ slot: index, rule, inside })
      byName.set(rule.name, list)
    }
  }
  return { slots, byName, label: slots.findIndex((slot) => slot.type === 'label') }
}

/** The first slot with room that takes the element, else the last that takes it: there the decision finds too many. */
export function findPlace(
  places: Places,
  node: XmlElement,
  filled: readonly XmlElement[][],
): Place | undefined {
  let found: Place | undefined
  for (const place of places.byName.get(node.name) ?? []) {
    if (place.rule.ns !== node.ns) continue
    found = place
    const slot = places.slots[place.slot]!
    if (slot.type === 'elements' && filled[place.slot]!.length < slot.max) return place
  }
  return found
}
