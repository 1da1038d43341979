/** Addresses of ports, as they stand in configurations and command lines. */

/** `host:port` or `[v6]:port`, taken apart; undefined when it is not that. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const colon = text.lastIndexOf(':')
  const digits = text.slice(colon + 1)
  const port = Number(digits)
  let host = text.slice(0, Math.max(colon, 0))
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1)
  else if (host.includes(':')) return undefined
  if (host === '' || !/^[0-9]{1,5}$/.test(digits) || port > 65_535) return undefined
  return { host, port }
}
