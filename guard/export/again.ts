/** What mends itself, or is mended elsewhere: one line that says why, and it is tried again after a wait. */
export class TryAgain extends Error {}
