import {
  decodeEvents,
  type InterfaceAddress,
  type Link,
  type NetlinkMonitor,
  type NetworkEvent,
  type ReadRoute,
  RT_TABLE_MAIN,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_LINK,
} from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { effectivePriority } from '../plan/route-key.ts'
import type { ChangingView } from './kernel-view.ts'
import type { Shadow } from './plan.ts'
import { heldKey, hopsOf } from './shape.ts'

const groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE]
/** Events that wait for a write to end; beyond, a dump is cheaper. */
const mostWaiting = 20_000

/** What others, and the kernel itself, do to links, addresses and routes. The echo of our own requests is left out. */
export interface EventInbox {
  /** Everything since the last call; undefined when some were lost and the kernel has to be read. */
  take(): readonly NetworkEvent[] | undefined
  /** Forgets them: the kernel is about to be read. */
  clear(): void
}

/**
 * Subscribes at once, so that a dump made next misses nothing.
 * @param ownPortId of the socket that writes
 * @param wake called when there is something to take
 */
export function openInbox(
  monitor: NetlinkMonitor,
  ownPortId: number,
  wake: () => void,
  fail: (error: unknown) => void,
  call: Call,
): EventInbox {
  let waiting: NetworkEvent[] = []
  let lost = false
  const announcements = monitor(groups, call)
  const pump = async (): Promise<void> => {
    for await (const announcement of announcements) {
      const events = announcement.kind === 'overrun' ? [] : decodeEvents(announcement.bytes, ownPortId)
      lost ||= announcement.kind === 'overrun' || waiting.length > mostWaiting
      if (lost) waiting = []
      else waiting.push(...events)
      if (lost || events.length > 0) wake()
    }
  }
  pump().catch(fail)
  return {
    take() {
      const taken = lost ? undefined : waiting
      waiting = []
      lost = false
      return taken
    },
    clear() {
      waiting = []
      lost = false
    },
  }
}

/** What is to be looked at after some events. */
export interface Consequences {
  /** What the kernel did to routes of ours cannot be told from events: it has to be read. */
  stale: boolean
  /** Routes that were refused may be taken now. */
  retry: boolean
  /** Routes may get back ways that they had to do without. */
  everything: boolean
  readonly rows: Set<number>
}

/** Brings view and shadow up to date with one event. */
export function applyEvent(
  event: NetworkEvent,
  shadow: Shadow,
  view: ChangingView,
  protocol: number,
  then: Consequences,
): void {
  if (event.kind === 'link') applyLink(event.link, event.gone, shadow, view, then)
  else if (event.kind === 'address') applyAddress(event.address, event.gone, view, then)
  else if (event.kind === 'route' && event.route.table === RT_TABLE_MAIN) {
    if (event.route.protocol === protocol) applyOwn(event.route, event.gone, shadow, then)
    else applyForeign(event.route, event.gone, shadow, view, then)
  }
}

function applyLink(link: Link, gone: boolean, { held, wanted }: Shadow, view: ChangingView, then: Consequences): void {
  const before = view.links.get(link.index)
  if (gone) view.dropLink(link)
  else view.putLink(link)
  const lost = gone || (before && ((before.up && !link.up) || before.name !== link.name))
  // The kernel drops routes with their device; of IPv4 it does not say which.
  if (lost && [...held.values()].some((shape) => hopsOf(shape).some(({ oif }) => oif === link.index))) then.stale = true
  const came = !gone && link.up && !before?.up
  then.retry ||= came
  const leadsThere = came && [...wanted.values()].some(({ hops }) => hops.some((hop) => hop.interface === link.name))
  then.everything ||= leadsThere
}

function applyAddress(address: InterfaceAddress, gone: boolean, view: ChangingView, then: Consequences): void {
  if (gone) view.dropAddress(address)
  else view.putAddress(address)
  // With the last IPv4 address of a device the kernel drops its IPv4 routes without a word.
  if (gone && !address.address.includes(':')) then.stale = true
  then.retry ||= !gone
}

/**
 * Another hand, or the kernel, at a route of our protocol. What was announced before the last dump, or before our last
 * write, may be read only now: so it is never taken for what is there.
 */
function applyOwn(route: ReadRoute, gone: boolean, { table, held }: Shadow, then: Consequences): void {
  const row = table.find(route.dst)
  const shape = row < 0 ? 0 : (table.heldShape[row] as number)
  const isHeld = shape !== 0 && table.heldMetric[row] === effectivePriority(route)
  then.stale ||= gone ? isHeld : !isHeld || heldKey(held.get(shape)) !== heldKey(route)
}

function applyForeign(
  route: ReadRoute,
  gone: boolean,
  { table }: Shadow,
  view: ChangingView,
  then: Consequences,
): void {
  if (gone) view.dropRoute(route)
  else view.putRoute(route)
  const row = table.troubled > 0 || !gone ? table.find(route.dst) : -1
  if (row >= 0 && table.stateOf(row) !== 'in-place') then.rows.add(row)
  // It may have replaced ours, which is announced as its coming alone.
  if (row >= 0 && !gone && table.heldShape[row] !== 0 && table.heldMetric[row] === effectivePriority(route))
    then.stale = true
  then.retry ||= !gone && route.type === 'unicast' && route.gateway === undefined
}
