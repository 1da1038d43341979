/** A command line of `sallyport rules` that cannot be followed; the message says what is missing or too much. */
export class UsageError extends Error {}
