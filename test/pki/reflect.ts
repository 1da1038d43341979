/**
 * The three functions of the Reflect metadata proposal that `tsyringe`, below `@peculiar/x509`, asks for when it is
 * loaded. Import it before `@peculiar/x509`. No class there carries metadata, so a plain map is enough.
 */
type Metadata = Map<unknown, unknown>
const kept = new WeakMap<object, Metadata>()

const read = (key: unknown, target: object): unknown => kept.get(target)?.get(key)

Object.assign(Reflect, {
  getMetadata: read,
  getOwnMetadata: read,
  defineMetadata(key: unknown, value: unknown, target: object): void {
    const known = kept.get(target) ?? new Map()
    kept.set(target, known.set(key, value))
  },
})
