import { networkInterfaces } from 'node:os'
import type { HostAddress } from '@tortie/node'

/** Addresses of this host's interfaces that are up; the kernel lists interfaces by index. */
export function hostAddresses(): HostAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses], position) =>
    (addresses ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [{ interface: name, ifindex: position, cidr }])),
  )
}
