/**
 * Stream management (XEP-0198) on one stream between servers, for both of its ways: what the peer sends is counted as it is
 * taken, and what goes to the peer is acknowledged by it. Nobody resumes a stream between servers, and neither do we.
 *
 *   initiating entity   enable ──▶ ◀── enabled, or failed
 *   then either         r ──▶ ◀── a h='stanzas handled so far, modulo 2^32'
 */
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import { SM_NS, SM_OLD_NS, STANZA_ERRORS_NS } from './names.ts'
import type { StreamCondition } from './text.ts'

/** Why a stream must end; `detail` goes into the stream error. */
export type StreamFailure = Readonly<{ condition: StreamCondition; why: string; detail?: string }>

export type Management = Readonly<{
  /** Asks for it, as the initiating entity, in the form that was offered. */
  enable(ns: string): void
  isOn(): boolean
  /** Takes an element of its namespaces; what it gives back ends the stream. */
  take(element: XmlElement): StreamFailure | undefined
  /** A stanza has come. The result is to be called once it can no longer be lost; they may come out of order. */
  came(): () => void
  /** Stanzas are being written. */
  wrote(count: number): void
  /** Asks what the peer has. */
  ask(): void
  /** Whom to tell how many of the stanzas since the beginning the peer has, each time that it says so. */
  onAcknowledged(listener: (count: number) => void): void
  /** Calls back once all that came is taken, at once when it is. */
  whenTaken(done: () => void): void
  /** The last word on what was taken, to stand before the end of the stream; '' when it is not on. */
  parting(): string
}>

export type ManagementOptions = Readonly<{
  /** The receiving entity is asked for it, the initiating one asks. */
  role: 'receiving' | 'initiating'
  write(text: string): void
  /** The peer has agreed, or not (initiating); the peer has asked for it (receiving). */
  onSettled(on: boolean): void
}>

/** So many stanzas are taken at most before the peer is told, though it did not ask. */
const TELL_AFTER = 64
const MODULUS = 2 ** 32

export function createManagement({ role, write, onSettled }: ManagementOptions): Management {
  let ns: string | undefined
  let requested: string | undefined
  /** Of the peer's stanzas since the beginning: come, taken without a gap, told. */
  let come = 0
  let taken = 0
  let told = 0
  /** Places of stanzas that were taken before one that came earlier. */
  const ahead = new Set<number>()
  /** The peer asked while something was not taken yet: it hears again when it is. */
  let owed = false
  /** Of ours: written, and acknowledged. */
  let written = 0
  let acknowledged = 0
  let listener = (_count: number) => {}
  let allTaken = () => {}

  const word = () => {
    told = taken
    return `<a xmlns='${ns}' h='${taken % MODULUS}'/>`
  }
  const tell = () => {
    owed = taken < come
    write(word())
  }
  const begin = (agreed: string) => {
    ns = agreed
    come = taken = told = 0
  }

  function take(element: XmlElement): StreamFailure | undefined {
    const { name } = element
    if (role === 'receiving' && element.ns === SM_NS) {
      if (name === 'enable') return enabled()
      if (name === 'resume') return refuse('item-not-found')
    }
    if (element.ns === requested && (name === 'enabled' || name === 'failed')) {
      requested = undefined
      if (name === 'enabled') begin(element.ns)
      onSettled(name === 'enabled')
      return undefined
    }
    if (ns === undefined || element.ns !== ns)
      return { condition: 'unsupported-stanza-type', why: 'stream management that was not agreed upon' }
    if (name === 'r') {
      tell()
      return undefined
    }
    return name === 'a'
      ? hear(element)
      : { condition: 'unsupported-stanza-type', why: 'no word of stream management' }
  }

  function enabled(): undefined {
    if (ns !== undefined) return refuse('unexpected-request')
    begin(SM_NS)
    written = acknowledged = 0
    write(`<enabled xmlns='${SM_NS}'/>`)
    onSettled(true)
  }

  function refuse(condition: string): undefined {
    write(`<failed xmlns='${SM_NS}'><${condition} xmlns='${STANZA_ERRORS_NS}'/></failed>`)
  }

  function hear(element: XmlElement): StreamFailure | undefined {
    const text = attribute(element, 'h') ?? ''
    const h = /^[0-9]{1,10}$/.test(text) ? Number(text) : MODULUS
    if (h >= MODULUS) return { condition: 'bad-format', why: 'an acknowledgement without number' }
    const count = acknowledged + ((h - (acknowledged % MODULUS) + MODULUS) % MODULUS)
    if (count > written) {
      return {
        condition: 'undefined-condition',
        why: `the peer acknowledges ${h} stanzas of ${written}`,
        detail: `<handled-count-too-high xmlns='${ns}' h='${h}' send-count='${written % MODULUS}'/>`,
      }
    }
    acknowledged = count
    listener(count)
    return undefined
  }

  return {
    enable(offered) {
      requested = offered
      written = acknowledged = 0
      write(`<enable xmlns='${offered}'/>`)
    },
    isOn: () => ns !== undefined,
    take,
    came() {
      if (ns === undefined) return () => {}
      const place = come++
      return () => {
        ahead.add(place)
        while (ahead.delete(taken)) taken++
        if ((owed && taken === come) || taken - told >= TELL_AFTER) tell()
        if (taken === come) allTaken()
      }
    },
    wrote(count) {
      written += count
    },
    ask: () => write(`<r xmlns='${ns}'/>`),
    onAcknowledged(next) {
      listener = next
    },
    whenTaken(done) {
      allTaken = done
      if (taken === come) done()
    },
    parting: () => (ns === undefined ? '' : word()),
  }
}

/** Whether elements of that namespace are for `Management.take`. */
export function isManagement({ ns }: XmlElement): boolean {
  return ns === SM_NS || ns === SM_OLD_NS
}

/** The namespace in which a peer offers it, the newer one where both are; undefined where it does not. */
export function offeredManagement(offers: readonly XmlElement[]): string | undefined {
  const offered = offers.filter(({ name }) => name === 'sm').map(({ ns }) => ns)
  return [SM_NS, SM_OLD_NS].find((ns) => offered.includes(ns))
}
