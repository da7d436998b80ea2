import type { Drift } from '@tortie/dataplane'
import { formatRoute, type Route } from '@tortie/netlink'
import type { Change } from '@tortie/reconcile'
import { addressesOf } from './addresses.ts'
import type { Changes, KernelState } from './changes.ts'
import type { LinkView } from './view.ts'

const found = { add: 'missing', replace: 'changed', remove: 'foreign' } as const

/**
 * What a plan for an unchanged program says of others: whatever is not as we left it. What is only now possible, or went
 * with its device, is no drift.
 * @param before what we knew of the kernel before it was read again; undefined when that was in doubt
 */
export function driftOf(changes: Changes, before: KernelState | undefined, view: LinkView): Drift[] {
  const name = (ifindex: number): string => view.byIndex.get(ifindex)?.name ?? `#${ifindex}`
  const route = (value: Route): string =>
    `route ${formatRoute(value).replace(/#(\d+)/, (_, index) => name(Number(index)))}`
  const isUp = (ifindex: number | undefined): boolean =>
    ifindex === undefined || (view.byIndex.get(ifindex)?.up ?? false)
  return [
    ...drifted(changes.routes, before?.routes, ({ oif }) => isUp(oif), route),
    ...changes.doubles.map((double) => ({ object: route(double), found: 'foreign' as const })),
    ...drifted(
      changes.neighbours,
      before?.neighbours,
      ({ ifindex }) => isUp(ifindex),
      ({ dst, ifindex }) => `neighbour ${dst} dev ${name(ifindex)}`,
    ),
    ...drifted(
      changes.fdb,
      before?.fdb,
      ({ ifindex }) => isUp(ifindex),
      ({ mac, ifindex }) => `fdb ${mac} dev ${name(ifindex)}`,
    ),
    ...drifted(
      changes.addresses,
      before && addressesOf(before.view),
      ({ ifindex }) => isUp(ifindex),
      ({ address, ifindex }) => `address ${address} dev ${name(ifindex)}`,
    ),
  ]
}

function drifted<V>(
  changes: readonly Change<string, V>[],
  before: ReadonlyMap<string, V> | undefined,
  couldStay: (value: V) => boolean,
  describe: (value: V) => string,
): Drift[] {
  return changes
    .filter((change) => {
      const was = before?.get(change.key)
      // A removal of what we did not know of is always another's; of what we knew it is our own, put off until now.
      return change.op === 'remove' ? before !== undefined && was === undefined : was !== undefined && couldStay(was)
    })
    .map((change) => ({
      object: describe(change.op === 'remove' ? change.was : change.value),
      found: found[change.op],
    }))
}
