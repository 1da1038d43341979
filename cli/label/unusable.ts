/** Input that cannot be used: exit code 2, with one line that says what, where and how to mend it. */
export class Unusable extends Error {}
