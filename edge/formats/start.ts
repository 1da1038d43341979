/** Label formats of a running edge: made anew at a reload, and the operator told what some server cannot be sent. */
import type { EdgeConfig } from '../config/load.ts'
import type { Log } from '../log.ts'
import { createFormats, type Formats } from './index.ts'

export type RunningFormats = Pick<Formats, 'toPeer' | 'fromPeer' | 'spoken'> &
  Readonly<{
    /** Goes by another configuration from now on. */
    reload(config: EdgeConfig): void
  }>

export function startFormats(config: EdgeConfig, log: Log): RunningFormats {
  let formats = build(config, log)
  return {
    toPeer: (stanza, to, number, second) => formats.toPeer(stanza, to, number, second),
    fromPeer: (stanza, from, second) => formats.fromPeer(stanza, from, second),
    spoken: (domain) => formats.spoken(domain),
    reload(next) {
      formats = build(next, log)
    },
  }
}

function build({ labels, cmbac, out, in: into }: EdgeConfig, log: Log): Formats {
  const policies = cmbac?.policies ?? []
  const formats = createFormats({ formats: labels, policies, out: out.bundle, into: into.bundle })
  for (const problem of formats.unheld) log.warn({}, problem)
  return formats
}
