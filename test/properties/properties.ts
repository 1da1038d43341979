/**
 * The 44 properties that the guard is held to (P01 to P44), each with the tests that hold it, or with the page that says whose it is instead. A
 * whole test run writes them with its results to dist/properties.md; `node scripts/manual.ts` writes them into doc/assurance.md.
 */

/** All tests of a file, or one of them by its name. */
export type Evidence = Readonly<{ file: string; test?: string }>

export type Property = Readonly<{
  id: string
  says: string
  held: readonly Evidence[]
  /** What is not ours, and whose it is. */
  rest?: string
}>

const of = (file: string, ...tests: readonly string[]): Evidence[] =>
  tests.length === 0 ? [{ file: `test/${file}` }] : tests.map((test) => ({ file: `test/${file}`, test }))

export const PROPERTIES: readonly Property[] = [
  {
    id: 'P01',
    says: 'Default deny: with an empty allow-list nothing crosses.',
    held: [
      ...of('decide/decide.test.ts', 'an empty bundle passes nothing'),
      ...of('verify/bundle.test.ts', 'an empty allow-list passes no label, an empty profile no stanza'),
      ...of('ruleset/compile.test.ts', 'an empty list of labels passes no labelled stanza'),
    ],
  },
  {
    id: 'P02',
    says: 'The allow-list is equality on a parsed label: no dominance, no ranges.',
    held: [
      ...of(
        'ruleset/compile.test.ts',
        'a label that is not listed is not accepted, though it has an equivalent',
      ),
      ...of('label/wire.test.ts', 'another label has another value, in each form'),
      ...of('evaluator/evaluator.test.ts'),
    ],
  },
  {
    id: 'P03',
    says: 'One label decides, in its one place; every other equals what its row derives.',
    held: [
      ...of('decide/decide.test.ts', 'one label decides, even where the profile has room for two'),
      ...of('decide/pairs.test.ts'),
      ...of('label/wire.test.ts'),
      ...of('edge/normalise.test.ts'),
    ],
  },
  {
    id: 'P04',
    says: 'What is unknown is refused: element, attribute, category, policy, classification, DER tag, kind of stanza.',
    held: [
      ...of('differential/insertion.test.ts'),
      ...of('decide/decide.test.ts', 'one unknown node at any place is refused'),
      ...of('label/ess.test.ts'),
    ],
  },
  {
    id: 'P05',
    says: 'No input byte is copied through: what is released is written from the checked model.',
    held: [
      ...of('differential/canonical.test.ts'),
      ...of('verify/mutation.test.ts'),
      ...of(
        'decide/decide.test.ts',
        'one octet more, less or other never passes but as a canonical stanza that says so',
      ),
    ],
  },
  {
    id: 'P06',
    says: 'What was released and comes in again is released as it is, but for its label.',
    held: of('verify/mutation.test.ts'),
  },
  {
    id: 'P07',
    says: 'The same bytes and rules give the same verdict and bytes, by both verifiers.',
    held: [
      ...of('differential/differential.test.ts'),
      ...of('decide/decide.test.ts', 'what was decided before changes no answer'),
      ...of('fuzz/fuzz.test.ts'),
    ],
  },
  {
    id: 'P08',
    says: 'No verdict depends on how TCP splits the bytes.',
    held: [
      ...of('sample/sample.test.ts'),
      ...of('xml/stream.test.ts', 'what is delivered does not depend on the cuts'),
      ...of('gcxp/codec.test.ts', 'pieces of any size give the same messages'),
      ...of('verify/process.test.ts'),
      ...of('inspect/inspect.test.ts', 'frames in, answers out, octet for octet, however the frames are cut'),
      ...of('fuzz/fuzz.test.ts'),
    ],
  },
  {
    id: 'P09',
    says: 'Markings, colours and other labels are made from the SPIF, never copied.',
    held: [...of('ruleset/compile.test.ts', 'labels are mapped and marked anew'), ...of('demo/demo.test.ts')],
  },
  {
    id: 'P10',
    says: 'Mapping there and back is never less strict; without an image it refuses; the result is checked again.',
    held: [
      ...of('label/property.test.ts', 'mapping there and back never widens'),
      ...of('spif/mapping.test.ts'),
      ...of('evaluator/evaluator.test.ts'),
    ],
  },
  {
    id: 'P11',
    says: 'Nothing but the label changes.',
    held: of('verify/stanza.test.ts', 'accepted stanzas are written as they came, but for the label'),
  },
  {
    id: 'P12',
    says: 'The sender’s domain is one that the certificate and the rules bind to its stream.',
    held: [...of('edge/identity.test.ts'), ...of('edge/inbound.test.ts', 'authentication')],
  },
  {
    id: 'P13',
    says: 'Answers to queries cross only when their question has crossed.',
    held: of('edge/pending.test.ts', 'an answer belongs to one request that crossed, and to no other'),
    rest: 'The guard bounds them by closed content and rate (doc/guard.md); who asked is the edge’s to know.',
  },
  {
    id: 'P14',
    says: 'Two verifiers in two processes; output only if both accept and their octets are equal.',
    held: [
      ...of('guard/release.test.ts'),
      ...of('faults/planted/inspect.test.ts'),
      ...of('faults/planted/verify.test.ts'),
      ...of('faults/answers.test.ts'),
      ...of('faults/kill.test.ts'),
    ],
  },
  {
    id: 'P15',
    says: 'Not to be bypassed: the verifiers have no network, and the sides no way to each other but the guard.',
    held: [...of('guard/sandbox.test.ts'), ...of('interop/prosody.test.ts'), ...of('systemd/units.test.ts')],
    rest: 'The network that leaves no way around is the deployer’s (SECURITY.md).',
  },
  {
    id: 'P16',
    says: 'Always invoked: the mover goes on only with the answers of both, each on the pipe that is its identity.',
    held: [...of('guard/release.test.ts'), ...of('guard/guard.test.ts')],
  },
  {
    id: 'P17',
    says: 'The trusted core is of a stated size, and the second verifier has no dependency.',
    held: [...of('tools/layers.test.ts'), ...of('properties/properties.test.ts')],
  },
  {
    id: 'P18',
    says: 'An exception, a time-out, a full disk, a lost journal, expired rules stop the flow; it starts again by itself.',
    held: [
      ...of('guard/reload.test.ts'),
      ...of('guard/gate.test.ts'),
      ...of('faults/stall.test.ts'),
      ...of('faults/kill.test.ts'),
      ...of('faults/stages.test.ts'),
      ...of('faults/disk.test.ts'),
      ...of('faults/clock.test.ts'),
      ...of('faults/answers.test.ts'),
      ...of('guard/signed.test.ts'),
    ],
  },
  {
    id: 'P19',
    says: 'No part of a stanza is ever emitted.',
    held: [...of('faults/kill.test.ts'), ...of('faults/network.test.ts')],
  },
  {
    id: 'P20',
    says: 'A retry doubles nothing within Sallyport; what is judged again is marked.',
    held: [
      ...of('faults/kill.test.ts'),
      ...of('faults/edges.test.ts'),
      ...of('faults/edge-kill.test.ts'),
      ...of('edge/spool/outgoing.test.ts'),
      ...of('edge/spool/incoming.test.ts'),
      ...of('faults/network.test.ts'),
      ...of('gcxp/link.test.ts'),
    ],
    rest: 'The last hop to a server without stream management is at least once (doc/edge-spool.md).',
  },
  {
    id: 'P21',
    says: 'Every queue is bounded; overload holds back and never grows.',
    held: [
      ...of('guard/guard.test.ts', 'a consumer that stalls holds the producer back, in bounded memory'),
      ...of('guard/intake.test.ts'),
      ...of(
        'guard/sequence.test.ts',
        'more than a window is not taken, and a reset in the middle leaves nothing',
      ),
      ...of('edge/relay.test.ts'),
    ],
    rest: '`npm run bench -- --only memory` shows memory after a million stanzas.',
  },
  {
    id: 'P22',
    says: 'UTF-8 is decoded fatally before parsing.',
    held: [...of('verify/utf8.test.ts'), ...of('xml/parse.test.ts')],
  },
  {
    id: 'P23',
    says: 'DOCTYPE, comment, processing instruction and undefined entity close the stream.',
    held: [...of('xml/stream.test.ts'), ...of('edge/hostile.test.ts')],
  },
  {
    id: 'P24',
    says: 'Limits on octets, depth, attributes, namespaces and text hold while reading.',
    held: [...of('xml/stream.test.ts', 'limits hold while an element is read'), ...of('xml/parse.test.ts')],
  },
  {
    id: 'P25',
    says: 'A stanza that does not end is given up after its time.',
    held: of('edge/inbound.test.ts', 'a slow element is given up, a slow peer between elements is not'),
  },
  {
    id: 'P26',
    says: 'Between stanzas nothing stands but the four blanks of XML.',
    held: of('xml/stream.test.ts', 'what a stream may not hold besides'),
  },
  {
    id: 'P27',
    says: 'Base64 and DER are canonical: decoded, encoded again, compared.',
    held: [
      ...of('label/der.test.ts'),
      ...of('label/wire.test.ts'),
      ...of('label/ess.test.ts'),
      ...of('fuzz/fuzz.test.ts'),
    ],
  },
  {
    id: 'P28',
    says: 'The record of a verdict is durable before the stanza leaves.',
    held: [
      ...of(
        'guard/release.test.ts',
        'a stanza moves when both say the same and its record is durable, not before',
      ),
      ...of('log/log.test.ts'),
      ...of('faults/stall.test.ts', 'a journal that cannot be written'),
      ...of('faults/disk.test.ts'),
    ],
  },
  {
    id: 'P29',
    says: 'A record has number, time, direction, peer, digests, both verdicts, row, bundle and label; no body.',
    held: [...of('journal/content.test.ts'), ...of('guard/guard.test.ts'), ...of('journal/journal.test.ts')],
  },
  {
    id: 'P30',
    says: 'Hash chain, signed checkpoints and a witness: deletion, change, reordering, truncation and forks are found.',
    held: [
      ...of('journal/journal.test.ts'),
      ...of('journal/checkpoint.test.ts'),
      ...of('witness/refused.test.ts'),
      ...of('witness/witness.test.ts'),
    ],
  },
  { id: 'P31', says: 'Nothing of a stanza can write into the log.', held: of('journal/journal.test.ts') },
  {
    id: 'P32',
    says: 'A refusal costs one record; floods are counted, never dropped silently.',
    held: of('guard/guard.test.ts'),
  },
  {
    id: 'P33',
    says: 'Rules load with two signatures of different roles over exact bytes; versions increase, expiry holds.',
    held: [...of('signature/approval.test.ts'), ...of('guard/signed.test.ts')],
    rest: 'Who installs the binaries verifies their package (doc/install.md).',
  },
  {
    id: 'P34',
    says: 'No interface changes policy over the network.',
    held: [...of('guard/sandbox.test.ts'), ...of('guard/gate.test.ts')],
  },
  {
    id: 'P35',
    says: 'Metric labels come from closed sets.',
    held: [...of('guard/guard.test.ts'), ...of('manual/operator.test.ts')],
  },
  {
    id: 'P36',
    says: 'Rules have one canonical form, are told in sentences, and differences as what is allowed now and no longer.',
    held: [...of('review/review.test.ts'), ...of('diff/property.test.ts'), ...of('diff/planted.test.ts')],
  },
  {
    id: 'P37',
    says: 'No debugger, core dump or heap snapshot by signal.',
    held: of('guard/hardening.test.ts', 'no debugger, no core dump and no heap snapshot by signal'),
  },
  {
    id: 'P38',
    says: 'Two builders make one package.',
    held: of('ruleset/compile.test.ts', 'equal files give equal octets, in whatever order they were read'),
    rest: 'Of bundles; Debian packages come with the release.',
  },
  {
    id: 'P39',
    says: 'Lockfile with integrity, no install scripts.',
    held: of('tools/packages.test.ts'),
    rest: 'The bill of materials comes with the packages.',
  },
  { id: 'P40', says: 'Signed provenance of the build.', held: [], rest: 'The release’s; there is none yet.' },
  {
    id: 'P41',
    says: 'systemd’s exposure stays below 1.0 for relays and 0.2 for the core.',
    held: of('systemd/units.test.ts'),
  },
  {
    id: 'P42',
    says: 'Covert channels are listed, each closed, reduced or declared in bits.',
    held: [
      ...of('review/review.test.ts', 'covert channels are counted from the rules'),
      ...of('covert/capacity.test.ts'),
    ],
  },
  {
    id: 'P43',
    says: 'Rate limits are always on; pacing and padding for one-way links.',
    held: [
      ...of('guard/intake.test.ts', 'the rate is kept by waiting'),
      ...of('guard/pace.test.ts'),
      ...of(
        'guard/release.test.ts',
        'more than intake lets in ends the direction; as much as it lets in does not',
      ),
    ],
    rest: 'Pacing can be stated in the rules; no program of this version keeps it (doc/ruleset.md).',
  },
  {
    id: 'P44',
    says: 'A built-in set of stanzas must have the expected verdicts before a port opens.',
    held: of('self-test/self-test.test.ts'),
  },
]
