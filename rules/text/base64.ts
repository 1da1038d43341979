/** Base64 (RFC 4648 §4) in its one spelling: no white space, padding, zero spare bits. */

/** The octets, or undefined when the text is not their one spelling. `Buffer.from` alone repairs what it reads. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}

export function encodeBase64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')
}
