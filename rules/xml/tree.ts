/**
 * saxes made strict, and its events made trees.
 *
 * saxes 6.0.0 is complete as a checker of XML 1.0 and Namespaces 1.0, with some habits that a guard cannot live with;
 * each is closed here and has a test that fails when it opens again:
 *  - it goes on after an error: the error handler throws;
 *  - it lets comments, processing instructions and DTDs by as events, once they are complete: the states in which it
 *    would read them throw (RFC 6120 §11.1);
 *  - it reads on to the next `;` behind a bare `&`: what can be no reference is refused at the end of the chunk;
 *  - its `closetag` event comes before the check that the tag was the one that is open: `closeTag` is overridden and
 *    checks first, so an element that is complete can no longer turn out to be broken;
 *  - it trims namespace names: declarations are looked at as they were written, and only plain ones admitted;
 *  - it takes `a:1b` for a name: local names are checked.
 *
 * Handlers are fields set in the constructor, for `.on()` turns the parser into a dictionary, four times slower. They
 * and the overridden methods are internals of 6.0.0, which is why that version is pinned.
 */

import { SaxesParser } from 'saxes'
import { type Reason, type Refusal, refuse } from '../reasons.ts'
import type { XmlAttribute, XmlElement, XmlNode } from './node.ts'
import { NCNAME } from './write.ts'

/** What of a document becomes trees, and what is told of the rest. */
export type TreeOptions = Readonly<{
  /** Elements at this level are delivered whole; those above it only as they open. The root is level 1. */
  level: 1 | 2
  /** The deepest element admitted, counted from the delivered one, which is 1. */
  depth: number
  /** Whether an XML declaration may open the document. */
  declaration: boolean
  /** The root has opened, where it is above `level`; without its children. */
  onRoot?(root: XmlElement): void
  /** The start tag of an element at `level` has been read as far as its name, which it spells so. */
  onStart?(spelling: string): void
  /** That start tag is complete. */
  onOpen?(element: XmlElement): void
  /** A whole element at `level`; the parser can no longer fail on it. */
  onElement(element: XmlElement): void
  /**
   * An element at `level` that breaks a limit and is well-formed all the same: as `bare` leaves it, the rest was forgotten while
   * it was read. Where this is not given, such an element stops the parser.
   */
  onSpoilt?(element: XmlElement, reason: Reason): void
  /** The root has closed. */
  onClose?(): void
}>

/** Stops the parser. Only this module throws it, and only `parse` and `stream` catch it. */
export class Stop extends Error {
  readonly reason: Reason
  constructor(reason: Reason) {
    super(reason)
    this.reason = reason
  }
  /** The refusal that it stands for. */
  at(position: number): Refusal {
    return refuse(this.reason, position)
  }
}

/** Stops at what XML has and RFC 6120 §11.1 forbids: a comment, a processing instruction, a document type declaration. */
export class Restricted extends Stop {
  constructor() {
    super('not-well-formed')
  }
}

/** Attributes of one element, namespace declarations included: more than any profile has. */
const MAX_ATTRIBUTES = 16

/** What even a spoilt element may not have, for saxes keeps a record of each open tag and its attributes. */
const HARD_ATTRIBUTES = 256
const HARD_DEPTH = 256

/** The attributes that say whose a stanza is and what it is; none of them needs to be longer than an address (RFC 7622 §3.1). */
const IDENTIFYING = new Set(['from', 'to', 'id', 'type'])
const MAX_IDENTIFYING = 3071

/** What is left of a stanza that is not to be looked at: its name, and who is to be told. */
export function bare({ ns, name, attributes }: XmlElement): XmlElement {
  const kept = attributes.filter(
    (a) => a.ns === '' && IDENTIFYING.has(a.name) && a.value.length <= MAX_IDENTIFYING,
  )
  return freeze({ ns, name, attributes: kept, children: [] })
}

/** An attribute as it is read; `uri` comes when the whole start tag has been. */
type SaxesAttribute = { name: string; prefix: string; local: string; uri: string; value: string }

type SaxesTag = { name: string; local: string; uri: string; prefix: string }

/** What of saxes 6.0.0 is used here; some of it is private there. */
type Saxes = {
  readonly position: number
  readonly tags: readonly SaxesTag[]
  readonly state: number
  readonly entity: string
  /** The state to go back to behind a reference. */
  readonly entityReturnState: number
  readonly chunk: string
  /** What has come behind `<!`, as long as it is not known what that begins. */
  readonly openWakaBang: string
  i: number
  name: string
  text: string
  forbiddenState: number
  write(chunk: string | null): unknown
  close(): unknown
  closeTag(): void
  captureNameChars(): number
  sAttribValueQuoted(): void
  handleTextInRoot(): void
  parseEntity(entity: string): string
  sDoctype(): void
  sComment(): void
  sPIBody(): void
  sPIEnding(): void
  xmldeclHandler: (declaration: { version?: string; encoding?: string }) => void
  textHandler: (text: string) => void
  openTagStartHandler: (tag: { name: string }) => void
  attributeHandler: (attribute: SaxesAttribute) => void
  openTagHandler: (tag: SaxesTag) => void
  closeTagHandler: () => void
  cdataHandler: (text: string) => void
  errorHandler: (error: Error) => void
}
const Saxes = SaxesParser as unknown as new (options: object) => Saxes

/** The state in which saxes reads text: the one in which it begins a fragment. */
const TEXT_STATE = new Saxes({ fragment: true }).state

type Building = { ns: string; name: string; attributes: XmlAttribute[]; children: XmlNode[] }

/** A strict parser of one document in chunks; `write` and `close` throw `Stop` and nothing else on any input. */
export class TreeParser extends Saxes {
  readonly #level: number
  /** Why the element at `level` that is being read will not be delivered as it is. */
  #spoilt: Reason | undefined
  /**
   * Forgets what there is of the element that is being read at `level`, and what will come of it. Throws `Stop`, for `stops`,
   * where that is not wanted.
   */
  readonly spoil: (reason: Reason, stops?: Reason) => void

  constructor(options: TreeOptions) {
    super({ xmlns: true, position: false })
    const { level, depth, declaration, onRoot, onStart, onOpen, onElement, onSpoilt, onClose } = options
    const open: Building[] = []
    let above = 0
    /** Elements that are open at `level` and below it; of a spoilt one only the first is in `open`. */
    let inside = 0
    /** Of the start tag that is being read; how many it has, and those that are kept. */
    let count = 0
    let attributes: SaxesAttribute[] = []

    this.spoil = (reason, stops = reason) => {
      if (onSpoilt === undefined || above + 1 < level) throw new Stop(stops)
      if (this.#spoilt !== undefined) return
      this.#spoilt = reason
      open.length = Math.min(open.length, 1)
      if (open[0] !== undefined) open[0].children.length = 0
    }

    this.errorHandler = () => {
      // A DOCTYPE behind the root's start tag is an error to saxes at its name.
      throw this.openWakaBang === 'DOCTYPE' ? new Restricted() : new Stop('not-well-formed')
    }
    this.xmldeclHandler = ({ version, encoding }) => {
      const utf8 = encoding === undefined || encoding.toLowerCase() === 'utf-8'
      if (!declaration || version !== '1.0' || !utf8) throw new Stop('not-well-formed')
    }

    this.openTagStartHandler = (tag) => {
      attributes = []
      count = 0
      if (above + 1 < level) return
      if (inside === 0) onStart?.(tag.name)
      if (inside === depth) this.spoil('too-deep')
      if (this.#spoilt !== undefined && inside >= HARD_DEPTH) throw new Stop('too-deep')
    }
    this.attributeHandler = (attribute) => {
      const { name, prefix, local, value } = attribute
      count++
      if (count > MAX_ATTRIBUTES) this.spoil('too-big')
      if (count > HARD_ATTRIBUTES) throw new Stop('too-big')
      if (prefix !== '') mustBeName(local)
      if ((prefix === 'xmlns' || name === 'xmlns') && !NAMESPACE_NAME.test(value)) {
        // What the delivered element itself is must be beyond doubt.
        if (name === 'xmlns' && inside === 0) throw new Stop('not-well-formed')
        this.spoil('bad-attribute', 'not-well-formed')
      }
      if (this.#spoilt === undefined || (inside === 0 && IDENTIFYING.has(name))) attributes.push(attribute)
    }
    this.openTagHandler = (tag) => {
      if (tag.prefix !== '') mustBeName(tag.local)
      const node = { ns: tag.uri, name: tag.local, attributes: attributesOf(attributes), children: [] }
      if (above + 1 < level) {
        above++
        onRoot?.(freeze(node))
        return
      }
      inside++
      if (this.#spoilt !== undefined) {
        if (inside > 1) return
        if (tag.prefix !== '') throw new Stop('not-well-formed')
      }
      if (inside === 1) onOpen?.(node)
      open.push(node)
    }
    this.closeTagHandler = () => {
      if (inside === 0) {
        above--
        onClose?.()
        return
      }
      inside--
      const spoilt = this.#spoilt
      if (spoilt !== undefined && inside > 0) return
      const node = freeze(open.pop()!)
      if (spoilt !== undefined) {
        this.#spoilt = undefined
        onSpoilt?.(bare(node), spoilt)
      } else if (inside === 0) onElement(node)
      else open[open.length - 1]!.children.push(node)
    }
    this.textHandler = (text) => {
      if (inside > 0) {
        if (this.#spoilt === undefined) append(open[open.length - 1]!.children, text)
      } else if (!ONLY_BLANKS.test(text)) throw new Stop('not-well-formed')
    }
    this.cdataHandler = (text) => {
      if (inside === 0) throw new Stop('not-well-formed')
      if (this.#spoilt === undefined) append(open[open.length - 1]!.children, text)
    }
    this.#level = level
  }

  override write(chunk: string | null): unknown {
    super.write(chunk)
    if (!REFERENCE_START.test(this.entity)) throw new Stop('not-well-formed')
    // What of a text has come would otherwise wait for its end.
    if (this.#spoilt !== undefined && this.state === TEXT_STATE) this.text = ''
    return this
  }

  override parseEntity(entity: string): string {
    if (entity.length > MAX_REFERENCE) throw new Stop('not-well-formed')
    // Between stanzas stand blanks as they are, nothing that stands for them (RFC 6120 §4.6.1).
    if (this.entityReturnState === TEXT_STATE && this.tags.length < this.#level)
      throw new Stop('not-well-formed')
    return super.parseEntity(entity)
  }

  override sDoctype(): void {
    throw new Restricted()
  }

  override sComment(): void {
    throw new Restricted()
  }

  override sPIBody(): void {
    throw new Restricted()
  }

  override sPIEnding(): void {
    throw new Restricted()
  }

  /** Checks that the tag closes the open element before saxes reports it closed. */
  override closeTag(): void {
    if (this.tags.length === 0 || this.tags[this.tags.length - 1]!.name !== this.name) {
      throw new Stop('not-well-formed')
    }
    super.closeTag()
  }

  /**
   * saxes reads character by character. A run of plain ASCII, to which it would do nothing but go on, is taken at once,
   * in names, attribute values and texts; where the run ends, saxes goes on as always.
   */
  override captureNameChars(): number {
    this.name += this.#run(PLAIN_NAME)
    return super.captureNameChars()
  }

  override sAttribValueQuoted(): void {
    this.text += this.#run(PLAIN_VALUE)
    super.sAttribValueQuoted()
  }

  override handleTextInRoot(): void {
    const run = this.#run(PLAIN_TEXT)
    if (run !== '') {
      this.text += run
      this.forbiddenState = 0 // no part of a `]]>` has been seen
    }
    super.handleTextInRoot()
  }

  #run(plain: RegExp): string {
    const start = this.i
    plain.lastIndex = start
    if (!plain.test(this.chunk)) return ''
    this.i = plain.lastIndex
    return this.chunk.slice(start, this.i)
  }

  /**
   * Forgets blanks read between elements, as a peer sends them to keep a connection open, and says whether the
   * parser stands there. To be called when nothing is open below `level`; throws `Stop` on any other text.
   */
  forgetBlanks(): boolean {
    // Before a reference that is not complete, too: when the text is found out must not depend on the chunks.
    if (!ONLY_BLANKS.test(this.text)) throw new Stop('not-well-formed')
    if (this.state !== TEXT_STATE) return false
    this.text = ''
    return true
  }
}

function freeze(node: Building): XmlElement {
  Object.freeze(node.attributes)
  Object.freeze(node.children)
  return Object.freeze(node)
}

function attributesOf(read: readonly SaxesAttribute[]): XmlAttribute[] {
  const list: XmlAttribute[] = []
  for (const { name, prefix, local, uri, value } of read) {
    if (prefix === '') {
      if (name !== 'xmlns') list.push(Object.freeze({ ns: '', name: local, value }))
    } else if (prefix !== 'xmlns') list.push(Object.freeze({ ns: uri, name: local, value }))
  }
  return list
}

function mustBeName(local: string): void {
  if (!NCNAME.test(local)) throw new Stop('not-well-formed')
}

/** Adjacent text and CDATA sections are one string; an empty section is none. */
function append(children: XmlNode[], text: string): void {
  const last = children.length - 1
  const before = children[last]
  if (typeof before === 'string') children[last] = before + text
  else if (text !== '') children.push(text)
}

/** Characters of RFC 3986 without brackets, or nothing. saxes trims what it reports: nothing to trim gets there. */
const NAMESPACE_NAME = /^[!#-;=?-Z_a-z~]*$/

/** Longest reference: no name and no code point needs as much; more zeros than that mean nothing good. */
const MAX_REFERENCE = 16

/** What stands between `&` and the end of a chunk, when it may still become a reference that XML 1.0 §4.1 knows. */
const REFERENCE_START = /^(?:[a-z]{0,4}|#[0-9]{0,15}|#x[0-9a-fA-F]{0,14})$/

/** Name characters of ASCII; characters that neither end an attribute value nor mean more there; the same in text, `]]>` included. */
const PLAIN_NAME = /[-.0-9:A-Z_a-z]+/y
const PLAIN_VALUE = /[ !#-%(-;=-~]+/y
const PLAIN_TEXT = /[ -%'-;=?-\\^-~]+/y

/** White space of XML 1.0 §2.3; `\s` knows more. */
const ONLY_BLANKS = /^[ \t\r\n]*$/
