import type { RoutingProgram } from '@tortie/dataplane'
import type { InterfaceAddress } from '@tortie/netlink'
import { type HostnetConfig, isWorkloadInterface } from '../config.ts'
import type { LinkView } from './view.ts'

/** By what `diff` compares. */
export function addressesOf({ addresses }: LinkView): Map<string, InterfaceAddress> {
  return new Map(addresses.map((entry) => [addressKey(entry), entry]))
}

function addressKey({ ifindex, address }: InterfaceAddress): string {
  return `${ifindex} ${address}`
}

/** Addresses of this host on its side of workloads' interfaces. */
export function desiredAddresses(program: RoutingProgram, { byName }: LinkView): Map<string, InterfaceAddress> {
  const wanted = new Map<string, InterfaceAddress>()
  for (const { interface: name, active, hostAddresses = [] } of program.workloads.values()) {
    const link = byName.get(name)
    if (!active || !link?.up) continue
    for (const address of hostAddresses) {
      const entry = { ifindex: link.index, address, nodad: true }
      wanted.set(addressKey(entry), entry)
    }
  }
  return wanted
}

/** Ours are all host prefixes there: others have nothing to do on these interfaces. */
export function ownAddresses({ addresses, byIndex }: LinkView, config: HostnetConfig): Map<string, InterfaceAddress> {
  const ours = addresses.filter(({ ifindex, address }) => {
    const name = byIndex.get(ifindex)?.name
    return name !== undefined && isWorkloadInterface(name, config) && /\/(32|128)$/.test(address)
  })
  return new Map(ours.map((entry) => [addressKey(entry), entry]))
}
