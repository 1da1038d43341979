/** What a check finds. A problem keeps an edge from its work; a warning does not, or not yet. One line: what, where, how to mend. */
export type Finding = Readonly<{ level: 'problem' | 'warning'; line: string }>

export const problem = (line: string): Finding => ({ level: 'problem', line })
export const warning = (line: string): Finding => ({ level: 'warning', line })
