import type { RoutingProgram } from '@tortie/dataplane'
import {
  decodeEvents,
  type Link,
  type NetworkEvent,
  RT_TABLE_MAIN,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
} from '@tortie/netlink'
import { type Call, createQueue, type Queue } from '@tortie/runtime'
import { type HostnetConfig, isWorkloadInterface } from './config.ts'
import type { KernelState } from './plan/changes.ts'
import { fdbKey, neighbourKey } from './plan/neighbours.ts'
import { isOurs } from './plan/ownership.ts'
import { routeKey, sameRoute } from './plan/route-key.ts'
import { bare } from './plan/view.ts'
import { isVxlanDevice } from './plan/vxlan.ts'
import type { HostnetPorts } from './ports.ts'

export interface OutsideChange {
  readonly interface?: string
  readonly why: string
}

/** Tells changes that others make from the echo of our own: what the kernel announces is compared with what we know. */
export interface Watch {
  follow(call: Call): AsyncIterable<OutsideChange>
  /** Makes every follower say so at that time of the monotonic clock. */
  lookAgain(atMs: number): void
}

const groups = [
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
]

interface Known {
  /** As changed by us before the kernel is told: else our own announcement could arrive first. */
  readonly state: KernelState | undefined
  readonly program: RoutingProgram | undefined
}

export function createWatch(
  { monitor, clock }: Pick<HostnetPorts, 'monitor' | 'clock'>,
  config: HostnetConfig,
  known: () => Known,
): Watch {
  const followers = new Set<{ readonly queue: Queue<OutsideChange>; readonly call: Call }>()
  return {
    follow(call) {
      // One waiting event makes the reader look at everything: more need not be kept.
      const queue = createQueue<OutsideChange>(1)
      const announcements = monitor(groups, call)
      const pump = async (): Promise<void> => {
        for await (const announcement of announcements) {
          if (announcement.kind === 'overrun') queue.push({ why: 'announcements of the kernel were lost' })
          else for (const change of outsideChanges(announcement.bytes, known(), config)) queue.push(change)
        }
      }
      pump().catch((error: unknown) => queue.fail(error))
      return read(queue, call, followers)
    },
    lookAgain(atMs) {
      for (const { queue, call } of followers)
        clock
          .sleep(Math.max(0, atMs - clock.monotonicMs()), call)
          .then(() => queue.push({ why: 'the grace of a new interface is over' }))
          .catch(() => undefined)
    },
  }
}

async function* read(
  queue: Queue<OutsideChange>,
  call: Call,
  followers: Set<{ readonly queue: Queue<OutsideChange>; readonly call: Call }>,
): AsyncGenerator<OutsideChange> {
  const follower = { queue, call }
  followers.add(follower)
  try {
    for (;;) yield* await queue.take(call)
  } finally {
    followers.delete(follower)
  }
}

function outsideChanges(datagram: Uint8Array, known: Known, config: HostnetConfig): OutsideChange[] {
  return decodeEvents(datagram)
    .map((event) => outsideChange(event, known, config))
    .filter((change) => change !== undefined)
}

/** Pure: undefined for what we did ourselves and for what is none of our business. */
export function outsideChange(
  event: NetworkEvent,
  { state, program }: Known,
  config: HostnetConfig,
): OutsideChange | undefined {
  if (!program) return undefined
  if (!state) return { why: 'something changed while the kernel was read' }
  switch (event.kind) {
    case 'link':
      return linkChange(event.link, event.gone, state, config)
    case 'route': {
      const { route, gone } = event
      if (route.table !== RT_TABLE_MAIN) return undefined
      const key = routeKey(route)
      const ours = state.routes.get(key)
      if (gone && !ours) {
        const stoodInTheWay = state.foreign.has(key) && !isOurs(route, state.view, config)
        return stoodInTheWay ? { why: `route to ${route.dst} of another program was removed` } : undefined
      }
      if (ours && sameRoute(ours, route) !== gone) return undefined
      if (!ours && !isOurs(route, state.view, config)) return undefined
      return {
        why: `route to ${route.dst} was ${gone ? 'removed' : ours ? 'changed' : 'added'}`,
        ...nameOf(route.oif, state),
      }
    }
    case 'address': {
      const { ipv4, ipv6, vxlan, vxlanV6 } = program.node
      const own = bare(event.address.address)
      const watched = [ipv4, ipv6, vxlan?.address, vxlanV6?.address].includes(own)
      const there = state.view.indexOfAddress.get(own) === event.address.ifindex
      return watched && there === event.gone ? { why: `address ${own} ${event.gone ? 'went' : 'came'}` } : undefined
    }
    case 'neighbour': {
      const { neighbour, gone } = event
      const ours = state.neighbours.get(neighbourKey(neighbour))
      if (!ours || (!gone && ours.mac === neighbour.mac)) return undefined
      return {
        why: `neighbour ${neighbour.dst} was ${gone ? 'removed' : 'changed'}`,
        ...nameOf(neighbour.ifindex, state),
      }
    }
    case 'fdb': {
      const ours = state.fdb.get(fdbKey(event.entry))
      if (!ours || (!event.gone && ours.dst === event.entry.dst)) return undefined
      return { why: `forwarding of ${event.entry.mac} was changed`, ...nameOf(event.entry.ifindex, state) }
    }
    case 'rule':
      return undefined
  }
}

function linkChange(
  link: Link,
  gone: boolean,
  { view }: KernelState,
  config: HostnetConfig,
): OutsideChange | undefined {
  const { name, index, running, up, mac, mtu } = link
  const before = view.byIndex.get(index)
  const parents = new Set(view.indexOfAddress.values())
  if (!isWorkloadInterface(name, config) && !isVxlanDevice(name) && !parents.has(index)) return undefined
  if (gone) return before ? { interface: name, why: `interface ${name} went` } : undefined
  if (!before) return { interface: name, why: `interface ${name} came` }
  const same =
    before.name === name && before.running === running && before.up === up && before.mac === mac && before.mtu === mtu
  return same ? undefined : { interface: name, why: `interface ${name} changed` }
}

function nameOf(ifindex: number | undefined, { view }: KernelState): { interface?: string } {
  const name = ifindex === undefined ? undefined : view.byIndex.get(ifindex)?.name
  return name === undefined ? {} : { interface: name }
}
