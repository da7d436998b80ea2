import type { RoutingProgram } from '@tortie/dataplane'
import { type FdbEntry, type Neighbour, NTF_SELF, NUD_PERMANENT } from '@tortie/netlink'
import { bare, type LinkView } from './view.ts'
import { vxlanDevice } from './vxlan.ts'

export function neighbourKey({ ifindex, dst }: Pick<Neighbour, 'ifindex' | 'dst'>): string {
  return `${ifindex} ${dst}`
}

export function fdbKey({ ifindex, mac }: Pick<FdbEntry, 'ifindex' | 'mac'>): string {
  return `${ifindex} ${mac}`
}

/**
 * Permanent entries: each IPv4 address of a workload with its MAC, so that nobody has to ask and nobody can claim it,
 * and the tunnel address of every other node. Spec 02 §5.4, §5.7.
 */
export function desiredNeighbours(program: RoutingProgram, view: LinkView): Map<string, Neighbour> {
  const wanted = new Map<string, Neighbour>()
  const put = (ifindex: number, dst: string, mac: string): void => {
    wanted.set(neighbourKey({ ifindex, dst }), { ifindex, dst, mac: mac.toLowerCase(), state: NUD_PERMANENT })
  }
  for (const { interface: name, active, addresses, mac } of program.workloads.values()) {
    const link = view.byName.get(name)
    if (!active || !link?.running || mac === undefined) continue
    for (const address of addresses) if (!address.includes(':')) put(link.index, bare(address), mac)
  }
  for (const { address, mac } of program.vteps.values()) {
    const device = view.byName.get(vxlanDevice(address.includes(':') ? 6 : 4))
    if (device?.up) put(device.index, address, mac)
  }
  return wanted
}

/** Where the MAC of each other node's tunnel end is: its underlay address. */
export function desiredFdb(program: RoutingProgram, view: LinkView): Map<string, FdbEntry> {
  const wanted = new Map<string, FdbEntry>()
  for (const { address, mac, parent } of program.vteps.values()) {
    const device = view.byName.get(vxlanDevice(address.includes(':') ? 6 : 4))
    if (!device?.up) continue
    const entry = {
      ifindex: device.index,
      mac: mac.toLowerCase(),
      dst: parent,
      state: NUD_PERMANENT,
      flags: NTF_SELF,
    }
    wanted.set(fdbKey(entry), entry)
  }
  return wanted
}

/** Devices whose permanent neighbours are all ours: the interfaces of workloads in the program, and the tunnels. */
export function neighbourDevices(program: RoutingProgram, view: LinkView): Set<number> {
  const names = [...program.workloads.values()].map((workload) => workload.interface)
  const indexes = [...names, vxlanDevice(4), vxlanDevice(6)].map((name) => view.byName.get(name)?.index)
  return new Set(indexes.filter((index) => index !== undefined))
}
