/** A command line that cannot be followed: one line that says what is missing or too much. It ends with exit code 2. */
export class UsageError extends Error {}
