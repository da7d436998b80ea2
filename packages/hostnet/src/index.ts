/** The routing program in the kernel: routes, neighbours, tunnel devices and sysctls of one network namespace. */
export { createBgpRoutes } from './bgp/bgp-routes.ts'
export {
  type BgpRouteCounts,
  type BgpRoutes,
  type BgpRoutesConfig,
  type BgpRoutesPorts,
  defaultBgpRoutesConfig,
} from './bgp/contract.ts'
export type { NextHopChange, NextHopTracker } from './bgp/next-hops.ts'
export type { BgpSources, SourceChanges } from './bgp/sources.ts'
export type { RouteProblem } from './bgp/writer.ts'
export { defaultHostnetConfig, type HostnetConfig } from './config.ts'
export { HostnetError, type HostnetErrorCode } from './errors.ts'
export { createHostnet } from './hostnet.ts'
export type { HostnetPorts, Sysctl } from './ports.ts'
