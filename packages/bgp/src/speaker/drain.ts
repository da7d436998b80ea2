import type { Action, Filter, Statement } from '../filter/filter.ts'
import { WellKnownCommunity } from '../message/iana.ts'

const marks: readonly Action[] = [
  { do: 'addCommunity', community: WellKnownCommunity.GRACEFUL_SHUTDOWN },
  { do: 'setLocalPref', value: 0 },
]

/** The same filter, and whatever it accepts leaves with GRACEFUL_SHUTDOWN and LOCAL_PREF 0: RFC 8326 §4.2. */
export function drained({ statements, otherwise }: Filter): Filter {
  const marked = statements.map(
    (statement): Statement =>
      statement.verdict === 'accept' ? { ...statement, actions: [...(statement.actions ?? []), ...marks] } : statement,
  )
  if (otherwise === 'reject') return { statements: marked, otherwise }
  return { statements: [...marked, { origin: 'drain', match: {}, actions: marks, verdict: 'accept' }], otherwise }
}
