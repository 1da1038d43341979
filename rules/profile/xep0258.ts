/** XEP-0258 and STANAG 4774/4778: the kinds of label that an entity says it understands (XEP-0258 §6). */
export const features = [
  'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0',
  'urn:nato:stanag:4778:profile:xmpp:1:0',
  'urn:xmpp:sec-label:0',
  'urn:xmpp:sec-label:ess:0',
]
