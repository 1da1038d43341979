/**
 * The bundle: what `sallyport rules compile` makes of a reviewed ruleset, and all that a guard knows.
 *
 * It is data without code: explicit tables, read by `inspect` and by `verify` each in its own way. Its bytes are
 * canonical JSON (keys in code-unit order, no white space, one LF at the end), so that equal rulesets give equal
 * bytes; its digest is the SHA-256 of those bytes. The meaning of every field is doc/formats.md §2.
 */

/** What an attribute value or a text may be. Each type admits exactly one spelling of each value. */
export type ValueRule =
  | Readonly<{ type: 'enum'; values: readonly string[] }>
  | Readonly<{ type: 'identifier'; max: number }>
  /** The number of the stanza's own frame. `echo`: from a room it may also be an answer. */
  | Readonly<{ type: 'own-number'; echo: boolean }>
  /** That of a frame of the other direction, which this stanza answers. */
  | Readonly<{ type: 'answer-number' }>
  /** That of a frame before this one, which it goes back to. `echo` as above. */
  | Readonly<{ type: 'earlier-number'; echo: boolean }>
  | Readonly<{ type: 'text'; max: number; lines: boolean }>
  | Readonly<{ type: 'date' }>
  | Readonly<{ type: 'integer'; min: number; max: number }>
  /** Code points of the local part and of the resource; 0 where there may be none. */
  | Readonly<{ type: 'address'; side: 'from' | 'to' | 'either'; local: number; resource: number }>
  | Readonly<{ type: 'resource'; max: number }>

/** An attribute; `name` is `xml:lang` or a name without prefix. Rules stand in canonical attribute order. */
export type AttributeRule = Readonly<{ name: string; required: boolean; value: ValueRule }>

/** What stands between the tags. */
export type ContentRule =
  | Readonly<{ type: 'empty' }>
  | Readonly<{ type: 'value'; value: ValueRule; mayBeEmpty: boolean }>
  | Readonly<{ type: 'elements'; slots: readonly Slot[] }>

/** Whether an element obliges its stanza to carry a label. */
export type Labelling = 'always' | 'unless-empty' | 'never'

export type ElementRule = Readonly<{
  ns: string
  name: string
  attributes: readonly AttributeRule[]
  content: ContentRule
  labelling: Labelling
}>

/**
 * A place in a sequence of children: `min` to `max` elements, each one of `of`. With `sorted`, neighbours stand in strictly
 * ascending order of their canonical octets. The label slot is the place of the label element.
 */
export type Slot =
  | Readonly<{ type: 'elements'; of: readonly ElementRule[]; min: number; max: number; sorted: boolean }>
  | Readonly<{ type: 'label' }>

/** One form of stanza, the only one of its root element and `type` (null: the attribute is absent). */
export type StanzaForm = Readonly<{
  form: string
  element: 'message' | 'presence' | 'iq'
  type: string | null
  attributes: readonly AttributeRule[]
  slots: readonly Slot[]
  /** At least one child beside the label. */
  content: boolean
}>

/** How a label stands in a stanza: XEP-0258 with ESS, XEP-0258 with STANAG 4774, STANAG 4778 binding with 4774. */
export type LabelForm = 'ess-0258' | '4774-0258' | '4774-4778'

/**
 * How two labels that say the same stand in one stanza: the second in an `equivalentlabel` of XEP-0258, or as the
 * alternativeConfidentialityLabel of STANAG 4774 (rules/label/pair.ts).
 */
export type PairForm =
  | 'ess-0258+equivalentlabel'
  | '4774-0258+equivalentlabel'
  | '4774-0258+alternative'
  | '4774-4778+alternative'

/** What a row is about: one label, or a pair of which both decide. */
export type RowForm = LabelForm | PairForm

/**
 * Canonical octets of a label element with holes for dates. A string stands for itself. In an input template
 * `creation` and `review` each stand for one date, and for the same one again where a pair repeats it; in an output
 * template they repeat the date of the input, `now` is the second of the frame, and `now-plus` that second and so many more.
 */
export type InputTemplate = readonly (string | Readonly<{ hole: 'creation' | 'review' }>)[]
export type OutputTemplate = readonly (
  | string
  | Readonly<{ hole: 'creation' | 'review' | 'now' }>
  | Readonly<{ hole: 'now-plus'; seconds: number }>
)[]

/** A label in the words of its policy, and the colours of its marking as `#rrggbb`. */
export type LabelWords = Readonly<{
  policy: string
  classification: string
  categories: readonly Readonly<{ tagSet: string; values: readonly string[] }>[]
  privacyMark?: string
  fgcolor: string
  bgcolor: string
}>

/** The other label of a pair, for people, and whether it stands before the one that it goes with. */
export type Beside = Readonly<{ place: 'first' | 'second'; marking: string; words?: LabelWords }>

/**
 * One accepted label in one form, and what is released in its place. `words`, `marking` and `beside` are for people:
 * templates decide. `marking` is of the label under the sending side's policy, and of what it becomes.
 */
export type LabelRow = Readonly<{
  /** The entry of the ruleset that it comes from. */
  name: string
  input: Readonly<{
    form: RowForm
    value: string
    marking: string
    template: InputTemplate
    words?: LabelWords
    beside?: Beside
  }>
  output: Readonly<{
    form: RowForm
    marking: string
    template: OutputTemplate
    words?: LabelWords
    beside?: Beside
  }>
  /** Categories that the policy drops on the way, in words. */
  discarded?: readonly string[]
}>

/** Windows for the dates of a label, in seconds: creation against the frame's second, review against creation. */
export type DateWindows = Readonly<{
  creationPast: number
  creationFuture: number
  reviewAfterCreation: number
}>

/**
 * A domain of one side. The edge answers discovery, ping and version itself for the far `im` domains. `locals` are the
 * local parts that addresses there may have, users or rooms; without it any may stand. The domain alone always may.
 */
export type Domain = Readonly<{ name: string; kind: 'im' | 'rooms'; locals?: readonly string[] }>

/** What stanzas from one domain to another may be: names of forms. How many a second, and how many at once after a pause. */
export type PairRule = Readonly<{
  from: string
  to: string
  forms: readonly string[]
  rate?: number
  burst?: number
}>

/**
 * What is taken away from the content rules, in texts (doc/formats.md §2). An absent member takes nothing away. `scripts` and
 * `categories` are those that are left; `words` are the ones that are refused, in small ASCII letters.
 */
export type ContentChoice = Readonly<{
  scripts?: readonly string[]
  categories?: readonly string[]
  /** Whether U+200C, U+200D and U+FE0F may stand. */
  joiners?: boolean
  /** Most marks in a row. */
  marks?: number
  /** Whether a word may have letters of two scripts. */
  mixedWords?: boolean
  links?: boolean
  words?: readonly string[]
}>

/**
 * A label that the sending edge adds where one is missing: to what comes from that domain, or from that bare address. `row`
 * is the number of its row; `reviewAfter`, in seconds from the moment, where the row has dates.
 */
export type DefaultLabel = Readonly<{ from: string; row: number; reviewAfter?: number }>

/** When a bundle may be used, in seconds since 1970, and the digest of the bundle whose place it takes. */
export type Validity = Readonly<{ notBefore?: number; notAfter?: number; replaces?: string }>

/** A rule of the bundle and where its source stands; rules are named as in rules/ruleset/origins.ts. */
export type Origin = Readonly<{ rule: string; file: string; line: number }>

/**
 * An example stanza, the second at which it is judged and the number of its frame (`0.1` where it is absent), and what the
 * author expects; what is absent is not asked for.
 */
export type Example = Readonly<{ name: string; at: number; number?: string; stanza: string }> &
  (
    | Readonly<{ verdict: 'accepted'; row?: string; becomes?: string }>
    | Readonly<{ verdict: 'refused'; reason?: string }>
  )

/** An element by namespace and local name. */
export type ElementName = Readonly<{ ns: string; name: string }>

export type Bundle = Readonly<{
  format: 'sallyport-bundle-1'
  name: string
  version: number
  /** Of the tables that the content rules use; start-up refuses another. Two numbers, such as `17.0`. */
  unicode: string
  from: Readonly<{ name: string; domains: readonly Domain[] }>
  to: Readonly<{ name: string; domains: readonly Domain[] }>
  limits: Readonly<{
    stanzaBytes: number
    depth: number
    /** Stanzas a second that `intake` lets in, by delaying, and how many at once after a pause. */
    rate: number
    burst: number
    /** The same between any two bare addresses. */
    pairRate?: number
    pairBurst?: number
  }>
  /** For one-way links: a frame leaves in each slot, filled up to one of the ascending sizes in octets. */
  pacing?: Readonly<{ slotMilliseconds: number; sizes: readonly number[] }>
  forms: readonly StanzaForm[]
  /** Which domains exchange which forms; without it every domain of one side with every domain of the other. */
  pairs?: readonly PairRule[]
  /** What texts may hold less than the content rules admit. */
  content?: ContentChoice
  labels: Readonly<{ windows: DateWindows; rows: readonly LabelRow[] }>
  /** What the sending edge takes out before the guard sees it, counted by name. The guard never strips. */
  edge: Readonly<{
    /** Elements, wherever they stand outside of a label. */
    strip: readonly ElementName[]
    /** Elements that are taken out only as a child of `parent`. */
    stripInside?: readonly Readonly<{ ns: string; name: string; parent: ElementName }>[]
    /** Attributes (without prefix) of an element. */
    stripAttributes?: readonly Readonly<{ ns: string; name: string; attribute: string }>[]
    /** Labels for those who send none; addresses come before domains. */
    defaultLabels?: readonly DefaultLabel[]
    /**
     * For each row in its order: the other labels that say the same, as values (rules/label/wire.ts). Another label
     * beside the row's must be one of them, and is taken out. Absent: none may stand there. A pair has none.
     */
    equivalents?: readonly (readonly string[])[]
  }>
  /** Who starts a guard holds to it (rules/signature, guard/release); verifiers have no clock. */
  validity?: Validity
  /** SHA-256 of each source file, for people. */
  sources: readonly Readonly<{ file: string; sha256: string }>[]
  /** For people: where each rule was written, for `rules explain`; and the author's examples, for `rules test`. */
  origins?: readonly Origin[]
  examples?: readonly Example[]
}>
