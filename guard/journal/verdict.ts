/** The members of a verdict's record (doc/formats.md §6), made of what release told. */
import { createHmac, type KeyObject } from 'node:crypto'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { NO_ROW, type Opinion, type VerdictRecord } from '../common/record.ts'
import { formatNumber } from '../gcxp/number.ts'
import type { ContentPlace } from './content-file.ts'

export type VerdictFields = (
  record: VerdictRecord,
  at: Readonly<{ time: string; again: boolean; content: ContentPlace | undefined }>,
) => object

/** @param key of the digests; @param bundle the digest of the bundle; @param rows its rows. */
export function createVerdictFields(options: {
  name: string
  peer: string
  bundle: string
  rows: Bundle['labels']['rows']
  key: KeyObject
}): VerdictFields {
  const { name, peer, bundle, rows, key } = options

  /** HMAC-SHA-256 of a digest: whoever reads the journal cannot try out what a short message was. */
  function keyed(digest: Uint8Array): string {
    return createHmac('sha256', key).update(digest).digest('hex')
  }

  return (record, { time, again, content }) => {
    const { inspect, verify, outcome } = record
    const told = inspect.accepted || !verify.accepted ? inspect : verify
    const row = outcome === 'released' && inspect.row !== NO_ROW ? rows[inspect.row] : undefined
    return {
      type: 'verdict',
      time,
      number: formatNumber(record.number),
      ...(again ? { again } : {}),
      outcome,
      direction: name,
      peer,
      from: told.from,
      to: told.to,
      form: told.form,
      size: record.size,
      input: keyed(record.input),
      ...(outcome === 'released' ? { output: keyed(record.output) } : {}),
      inspect: opinionFields(inspect),
      verify: opinionFields(verify),
      ...(row === undefined
        ? {}
        : { row: row.name, label: row.input.marking, releasedLabel: row.output.marking }),
      ...(content === undefined ? {} : { content }),
      bundle,
    }
  }
}

function opinionFields(opinion: Opinion): object {
  if (opinion.accepted) return { verdict: 'accepted', row: opinion.row === NO_ROW ? null : opinion.row }
  return { verdict: 'refused', reason: opinion.reason, at: opinion.position }
}
