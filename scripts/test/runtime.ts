/** Which Node the project is pinned to: the one version of its platform packages. */
import { readFileSync } from 'node:fs'

export function pinnedNode(root: string): string {
  const manifest: { optionalDependencies: Record<string, string> } = JSON.parse(
    readFileSync(`${root}/package.json`, 'utf8'),
  )
  const versions = new Set(
    Object.entries(manifest.optionalDependencies)
      .filter(([name]) => name.startsWith('node-linux-'))
      .map(([, version]) => version),
  )
  const [version] = versions
  if (version === undefined || versions.size > 1) {
    throw new Error(`package.json pins ${versions.size} versions of Node, not one`)
  }
  return version
}
