import type { NetlinkMonitor, NetlinkTransport } from '@tortie/netlink'
import type { Clock, Log } from '@tortie/runtime'

/** Kernel settings; keys are paths below /proc/sys. `@tortie/linux` has the real one. */
export interface Sysctl {
  /** @throws an error with code `linux/missing` when there is no such key */
  read(key: string): string
  write(key: string, value: string): void
}

/** One network namespace: everything here belongs to the same one. */
export interface HostnetPorts {
  /** NETLINK_ROUTE. */
  readonly route: NetlinkTransport
  /** NETLINK_NETFILTER, to forget the flows of an address that moved; without it they stay. */
  readonly netfilter?: NetlinkTransport
  /** NETLINK_ROUTE. */
  readonly monitor: NetlinkMonitor
  readonly sysctl: Sysctl
  readonly clock: Clock
  readonly log: Log
}
