import type { Expression } from '../expression/expression.ts'

import type { Layer } from '../packet/headers.ts'

/**
 * One readable piece of a rule: a match or an action. `rule` puts what it `needs` before it, once: that the packet is of
 * the layer and protocol whose header it looks at.
 */
export interface Term {
  readonly expressions: readonly Expression[]
  readonly needs?: Needs
  /** What is known of a packet that got past this term. */
  readonly gives?: Needs
}

export interface Needs {
  readonly layer?: Layer
  /** IANA number in the IP header or its last extension header. */
  readonly protocol?: number
}

/** Bare expressions as a term, for what the builder has no word for. */
export function raw(...expressions: Expression[]): Term {
  return { expressions }
}
