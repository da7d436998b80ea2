/**
 * What RFC 7606 §2 prescribes, from mild to severe; the strongest of one message wins. `afi-safi-disable` is RFC 4760 §7:
 * forget the family's routes of this peer and ignore the family until the session ends.
 */
export type FaultAction = 'attribute-discard' | 'treat-as-withdraw' | 'afi-safi-disable' | 'session-reset'

/** One thing wrong with an UPDATE. `code` and `subcode` are what a NOTIFICATION about it would say. */
export interface Fault {
  readonly action: FaultAction
  readonly code: number
  readonly subcode: number
  /** Type of the attribute, when it is about one. */
  readonly attribute?: number
  readonly reason: string
  /** The offending bytes, as a NOTIFICATION carries them; at most 4000. */
  readonly data: Uint8Array
}

const severity: Readonly<Record<FaultAction, number>> = {
  'attribute-discard': 1,
  'treat-as-withdraw': 2,
  'afi-safi-disable': 3,
  'session-reset': 4,
}

const mostFaults = 16
const mostData = 4000

/** The more severe of the two; the first of equals. */
export function strongest(faults: readonly Fault[]): Fault | undefined {
  let worst: Fault | undefined
  for (const fault of faults) if (!worst || severity[fault.action] > severity[worst.action]) worst = fault
  return worst
}

/** Adds a fault, with a copy of its data. At most 16 are kept; of more, the last place goes to the most severe. */
export function addFault(faults: Fault[], fault: Fault): void {
  const kept = { ...fault, data: fault.data.slice(0, mostData) }
  const last = faults.at(-1)
  if (faults.length < mostFaults || !last) faults.push(kept)
  else if (severity[fault.action] > severity[last.action]) faults[faults.length - 1] = kept
}
