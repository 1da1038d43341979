/** Which fuzz targets there are. */
import type { Target } from './target.ts'

/** By name; loaded one by one, since what is loaded is what coverage is measured on. */
const MODULES = {
  frame: () => import('./targets/frame.ts'),
  pipe: () => import('./targets/pipe.ts'),
  stream: () => import('./targets/stream.ts'),
  parser: () => import('./targets/parser.ts'),
  reader: () => import('./targets/reader.ts'),
  der: () => import('./targets/der.ts'),
  jid: () => import('./targets/jid.ts'),
  value: () => import('./targets/value.ts'),
  stanza: () => import('./targets/stanza.ts'),
  forms: () => import('./targets/forms.ts'),
  clearance: () => import('./targets/clearance.ts'),
} satisfies Record<string, () => Promise<{ target: Target }>>

export type TargetName = keyof typeof MODULES

export const TARGET_NAMES = Object.keys(MODULES) as readonly TargetName[]

export async function loadTarget(name: TargetName): Promise<Target> {
  return (await MODULES[name]()).target
}
