/**
 * Sallyport's rules as a library: security labels, clearances and policies (SPIF), without sockets, files or clocks.
 *
 * Encodings are read into plain data (`decodeEss`, `read4774`, `decodeX501`, …), bound to a policy that `loadSpif` made
 * (`bindEss`, `bind4774`, …), decided on (`validate`, `access`, `mapOutgoing`, …) and encoded again (`essOf`,
 * `encodeEss`, …). Nothing throws on input: what cannot be used comes back as an object with `problem` or `problems`.
 * Octets are `Uint8Array`, dates canonical (`readDateTime`), numbers of classes and categories decimal strings.
 *
 * There is no clock here. What decides (`validate`, `dominate`, mapping, composing) takes the moment as `at`; without one,
 * nothing that has a validity period is in force, and who does not care about periods says `at: 'any'`.
 */

export { type Access, access, type DenialReason } from './clearance/access.ts'
export {
  bind4774Clearance,
  bindX501,
  type Clearance,
  clearance4774Of,
  constrain,
  makeClearance,
  x501Of,
} from './clearance/clearance.ts'
export { type Clearance4774, read4774Clearance, write4774Clearance } from './clearance/stanag4774.ts'
export {
  decodeClearanceAttribute,
  decodeConstraints,
  decodeX501,
  encodeX501,
  type X501Clearance,
} from './clearance/x501.ts'
export {
  bind4774,
  bindEss,
  bindLabel4774,
  bindPayload,
  essOf,
  informationOf,
  type LabelNames,
  label4774Of,
  labelFromNames,
  lostInEss,
} from './label/bind.ts'
export {
  type Catalog,
  type CatalogItem,
  type CatalogRequest,
  catalogRefusal,
  type MarkedLabel,
  type ReadCatalog,
  readCatalog,
  selectorsFor,
  writeCatalog,
  writeProsodyConfiguration,
} from './label/catalog.ts'
export type { SecurityCategory } from './label/category.ts'
export { type EffectiveLabel, effectiveLabel } from './label/effective.ts'
export { decodeEquivalentLabels, decodeEss, type EssLabel, encodeEss } from './label/ess.ts'
export type { CategoryKind } from './label/kind.ts'
export {
  type BindingProblem,
  isProblem,
  type Label,
  type LabelCategory,
  labelKey,
  makeLabel,
  sameLabel,
} from './label/label.ts'
export { type Information4774, type Label4774, type Origin, read4774, write4774 } from './label/stanag4774.ts'
export {
  BINDING_NAMESPACES,
  type BindingNamespaces,
  readBindingData,
  readBindingInformation,
  writeBindingData,
} from './label/stanag4778.ts'
export { readWireLabel, type WireLabel } from './label/wire.ts'
export {
  PAYLOADS,
  type Payload,
  type PayloadReader,
  readSecurityLabel,
  type SecurityLabel,
} from './label/xep0258.ts'
export {
  type ComposeOptions,
  enumerateLabels,
  selectableClasses,
  selectableTagSets,
  selectableValues,
} from './spif/composition.ts'
export { type DominanceOptions, dominate } from './spif/dominance.ts'
export { mapIncoming, type NumberedLabel } from './spif/incoming.ts'
export { type LoadedSpif, loadSpif } from './spif/load.ts'
export { type MappedLabel, type MappingOptions, type MappingProblem, mapOutgoing } from './spif/mapping.ts'
export { clearanceMarking, type Marking, type MarkingOptions, marking } from './spif/marking.ts'
export type { Classification, Finding, Location, Spif, Tag, TagSet } from './spif/spif.ts'
export { type Invalidity, type Moment, type ValidityOptions, validate } from './spif/validity.ts'
export { readDateTime } from './text/datetime.ts'
