/** The part `records` of edge.yaml, with the keys that it names. */
import type { KeyObject } from 'node:crypto'
import { join, resolve } from 'node:path'
import { readDigestKey, readPrivateKey } from '../../guard/common/keys.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import type { RecordSettings } from '../record/records.ts'
import type { EdgeSource } from './schema.ts'

/** `folder` is that of the file, `state` the state folder; what is wrong goes to `wrong`. */
export function resolveRecords(
  { folder: own, key, signingKey, keep, warnFreeMegabytes }: EdgeSource['records'],
  folder: string,
  state: string,
  wrong: (path: Path, message: string) => void,
): RecordSettings {
  const read = (
    name: 'key' | 'signingKey',
    file: string | undefined,
    as: (file: string) => KeyObject | Readonly<{ problem: string }>,
  ) => {
    const found = file === undefined ? undefined : as(resolve(folder, file))
    if (found === undefined || !('problem' in found)) return found
    return void wrong(['records', name], `${file} ${found.problem}`)
  }
  return {
    folder: own === undefined ? join(state, 'records') : resolve(folder, own),
    key: read('key', key, readDigestKey),
    signingKey: read('signingKey', signingKey, (file) => readPrivateKey(file, 'ed25519')),
    keep,
    warnFreeMegabytes,
  }
}
