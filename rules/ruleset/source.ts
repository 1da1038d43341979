/** The text of a source file, or undefined when it is not plain UTF-8 (a byte order mark included). */
export function decodeSource(octets: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
    return text.startsWith('\ufeff') ? undefined : text
  } catch {
    return undefined
  }
}
