/**
 * The stages of a guard and the pipes between them: the picture of doc/design.md §1 as a table (descriptors: doc/formats.md §4).
 */

export const STAGES = ['metrics', 'journal', 'release', 'inspect', 'verify', 'intake'] as const
export type StageName = (typeof STAGES)[number]

/** One pipe: one writer, one reader, each with the descriptor on which it has it. */
export type PipeEnds = Readonly<{
  name: string
  writer: Readonly<{ stage: StageName; fd: number }>
  reader: Readonly<{ stage: StageName; fd: number }>
}>

export const PIPES: readonly PipeEnds[] = [
  pipe('intake', 4, 'inspect', 3),
  pipe('intake', 5, 'verify', 3),
  pipe('inspect', 4, 'release', 3),
  pipe('verify', 4, 'release', 4),
  pipe('release', 5, 'journal', 3),
  pipe('journal', 4, 'release', 6),
  pipe('release', 7, 'intake', 3),
  pipe('intake', 6, 'metrics', 3),
  pipe('release', 8, 'metrics', 4),
  pipe('journal', 5, 'metrics', 5),
  pipe('intake', 7, 'journal', 6),
]

/** The pipes of this guard: where its producer is not answered, nothing leads back to intake. */
export function pipesOf({ intake }: Pick<GuardConfig, 'intake'>): readonly PipeEnds[] {
  return intake.responses ? PIPES : PIPES.filter(({ name }) => name !== 'release-intake')
}

function pipe(from: StageName, writes: number, to: StageName, reads: number): PipeEnds {
  return { name: `${from}-${to}`, writer: { stage: from, fd: writes }, reader: { stage: to, fd: reads } }
}

/** What one direction is started with. Paths are absolute. */
export type GuardConfig = Readonly<{
  name: string
  /** With `signers`, the bundle is run only when two of them have signed it; else its digest alone decides. */
  bundle: Readonly<{ file: string; digest: string; signers?: string; signatures?: readonly string[] }>
  intake: Readonly<{
    listen: string
    peer: string
    certificate: string
    key: string
    ca: string
    /** `sallyport`: ids are the numbers of a sending edge. `foreign`: whatever another product chooses. */
    numbering: 'sallyport' | 'foreign'
    /** False: the one-way mode, on this side. */
    responses: boolean
  }>
  release: Readonly<{
    connect: string
    peer: string
    certificate: string
    key: string
    ca: string
    responses: boolean
  }>
  journal: JournalConfig
  metrics: Readonly<{ listen: string }>
  /** The directory of the gate file (launcher/gate.ts). */
  gate: string
  /** False: no code is generated at run time; slower, and the form of the installed guard. */
  jit: boolean
}>

/** The audit record. `signing-key`: of its checkpoints; `content-key`: the public key for which kept content is sealed. */
export type JournalConfig = Readonly<{
  directory: string
  key: string
  'signing-key'?: string
  'segment-megabytes': number
  keep: Readonly<{ days?: number; megabytes?: number }>
  'warn-free-megabytes': number
  content: 'none' | 'refused' | 'all'
  'content-key'?: string
}>

/** What metrics is told of the runs before: how often the stages were started again, and why the last time. */
export function startsAgain(times: number, why: string): string[] {
  return ['--starts-again', String(times), '--because', why]
}

/** The key for which intake seals content; undefined where none is kept. */
export function contentKey({ journal }: GuardConfig): string | undefined {
  return journal.content === 'none' ? undefined : journal['content-key']
}

function optional(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, `${value}`]
}

/** Arguments of a stage. */
export function stageArguments(stage: StageName, config: GuardConfig): string[] {
  const bundle = ['--bundle', config.bundle.file, '--digest', config.bundle.digest]
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  const tls = (end: GuardConfig['intake'] | GuardConfig['release']) => [
    ...['--certificate', end.certificate, '--key', end.key],
    ...['--ca', end.ca, '--peer', end.peer],
  ]
  const own: Record<StageName, string[]> = {
    intake: [
      ...bundle,
      ...['--listen', config.intake.listen],
      ...tls(config.intake),
      ...['--numbering', config.intake.numbering, '--responses', yes(config.intake.responses)],
      ...optional('--content-key', contentKey(config)),
    ],
    inspect: bundle,
    verify: bundle,
    release: [
      ...bundle,
      ...['--gate', config.gate, '--connect', config.release.connect],
      ...tls(config.release),
      ...['--responses', yes(config.release.responses), '--confirm', yes(config.intake.responses)],
      ...(config.bundle.signers === undefined ? [] : ['--signers', config.bundle.signers]),
      ...(config.bundle.signatures ?? []).flatMap((file) => ['--signature', file]),
    ],
    journal: [
      ...bundle,
      ...['--directory', config.journal.directory, '--key', config.journal.key],
      ...['--peer', config.intake.peer],
      ...['--segment-megabytes', `${config.journal['segment-megabytes']}`],
      ...['--warn-free-megabytes', `${config.journal['warn-free-megabytes']}`],
      ...['--content', config.journal.content],
      ...optional('--signing-key', config.journal['signing-key']),
      ...optional('--keep-days', config.journal.keep.days),
      ...optional('--keep-megabytes', config.journal.keep.megabytes),
    ],
    metrics: ['--listen', config.metrics.listen, ...startsAgain(0, '')],
  }
  return ['--name', config.name, ...own[stage]]
}
