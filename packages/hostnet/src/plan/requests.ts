import { type Request, type Route, RT_TABLE_MAIN } from '@tortie/netlink'
import type { Change } from '@tortie/reconcile'
import type { Changes } from './changes.ts'

/** The requests of a plan: additions before removals, and what a route needs before the route. */
export function requestsOf({ routes, neighbours, fdb, addresses, doubles }: Changes): Request[] {
  return [
    ...added(addresses).map((address): Request => ({ kind: 'address', verb: 'replace', address })),
    ...added(fdb).map((entry): Request => ({ kind: 'fdb', verb: 'replace', entry })),
    ...added(neighbours).map((neighbour): Request => ({ kind: 'neighbour', verb: 'replace', neighbour })),
    ...doubles.map(deleteRoute),
    ...routes.flatMap((change): Request[] =>
      change.op === 'remove' ? [] : [{ kind: 'route', verb: change.op, route: change.value }],
    ),
    ...removed(routes).map(deleteRoute),
    ...removed(neighbours).map((neighbour): Request => ({ kind: 'neighbour', verb: 'delete', neighbour })),
    ...removed(fdb).map((entry): Request => ({ kind: 'fdb', verb: 'delete', entry })),
    ...removed(addresses).map((address): Request => ({ kind: 'address', verb: 'delete', address })),
  ]
}

/** Removes whatever fits: the kernel's first route with this destination, metric and maker. Spec 02 §5.4. */
function deleteRoute({ dst, priority, protocol }: Route): Request {
  const match = { ...(priority === undefined ? {} : { priority }), ...(protocol === undefined ? {} : { protocol }) }
  return { kind: 'route', verb: 'delete', route: { dst, table: RT_TABLE_MAIN, ...match } }
}

function added<V>(changes: readonly Change<string, V>[]): V[] {
  return changes.flatMap((change) => (change.op === 'remove' ? [] : [change.value]))
}

function removed<V>(changes: readonly Change<string, V>[]): V[] {
  return changes.flatMap((change) => (change.op === 'remove' ? [change.was] : []))
}
