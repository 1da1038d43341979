/** What is handed to a link, and what becomes of it. */

/** A stanza on its way to a server; `at` is when its last octet had come, on the clock of `performance.now()`. */
export type Delivery = Readonly<{
  stanza: string
  at: number
  /** It may have reached the server already: it is sent as one that is sent again. */
  repeated?: boolean
  /**
   * Called once: the server has acknowledged the stanza (or the system has it, where the server is not asked), or it could not be
   * reached in time, or it is not known whether it has a stanza that may not be sent twice.
   */
  settled(outcome: 'sent' | 'expired'): void
}>
