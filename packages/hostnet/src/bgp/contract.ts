import type { BestRoute } from '@tortie/bgp'
import type { ApplyReport, BgpKernelPolicy, ResyncReport } from '@tortie/dataplane'
import { RTPROT_BIRD } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import type { HostnetPorts } from '../ports.ts'
import type { NextHopTracker } from './next-hops.ts'
import type { BgpSources } from './sources.ts'
import type { RouteProblem } from './writer.ts'

/** The monitor had better leave out what `route` did: `createMonitor({ except: route.portId, … })`. */
export type BgpRoutesPorts = Pick<HostnetPorts, 'route' | 'monitor' | 'clock' | 'log'>

export interface BgpRoutesConfig {
  /** rtm_protocol of BGP's routes: all routes of the main table with it are ours. */
  readonly protocol: number
  /** How often the kernel is read back unasked, as `resync` does; what was found goes to the log. */
  readonly auditMs: number
}

/** BIRD's number, by which Felix and others know BGP's routes (spec 05 A8); the interval of spec 05 B11. */
export const defaultBgpRoutesConfig: BgpRoutesConfig = { protocol: RTPROT_BIRD, auditMs: 90_000 }

export interface BgpRouteCounts {
  readonly wanted: number
  readonly held: number
  readonly waiting: number
}

/** The kernel side of BGP in one network namespace: learned routes into it, candidates and next hops out of it. */
export interface BgpRoutes extends AsyncDisposable {
  /**
   * Takes over what is now best for these prefixes; others stay as they are. A policy other than the last one applies to
   * all routes. What the kernel cannot take now is tried again when devices, addresses or routes change.
   * @throws HostnetError `hostnet/refused` for what waiting will not cure; IpError for a bad policy, having changed nothing
   */
  apply(routes: readonly BestRoute[], policy: BgpKernelPolicy, call: Call): Promise<ApplyReport>
  /** Until this is called routes of an earlier process are kept as they are; then those that nobody wants go. */
  recovered(call: Call): Promise<ApplyReport>
  /** Reads the kernel back, repairs it and says what was not as it had been left. */
  resync(call: Call): Promise<ResyncReport>
  readonly sources: BgpSources
  readonly nextHops: NextHopTracker
  /** Wanted routes that are not in the kernel, and why. */
  problems(): Iterable<RouteProblem>
  counts(): BgpRouteCounts
  /** Stops watching; leaves the kernel's routes as they are. */
  [Symbol.asyncDispose](): Promise<void>
}
