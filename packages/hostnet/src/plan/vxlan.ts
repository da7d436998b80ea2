import type { Vtep } from '@tortie/dataplane'
import { type Family, isLinkLocal, parseAddress } from '@tortie/ip'
import type { Link, Request, VxlanConfig } from '@tortie/netlink'
import type { HostnetConfig } from '../config.ts'
import { bare, type LinkView, parentOf } from './view.ts'

const devices: Readonly<Record<Family, string>> = { 4: 'vxlan.calico', 6: 'vxlan-v6.calico' }
/** Outer headers, bytes. Spec 02 §5.3. */
const overhead: Readonly<Record<Family, number>> = { 4: 50, 6: 70 }

export function vxlanDevice(family: Family): string {
  return devices[family]
}

export function isVxlanDevice(name: string): boolean {
  return name === devices[4] || name === devices[6]
}

export type VxlanPlan =
  | { readonly kind: 'none' }
  /** The parent is not there yet. */
  | { readonly kind: 'wait'; readonly why: string }
  /** To be carried out in order, then planned again: what depends on the new device comes next. */
  | { readonly kind: 'change'; readonly requests: readonly Request[]; readonly why: string }

/** The tunnel device of one family: its next changes towards what this node's `own` end wants. Spec 02 §5.7. */
export function planVxlan(family: Family, own: Vtep | undefined, view: LinkView, config: HostnetConfig): VxlanPlan {
  const name = devices[family]
  const device = view.byName.get(name)
  const remove: Request = { kind: 'link', verb: 'delete', link: { name } }
  if (!own) return device ? { kind: 'change', requests: [remove], why: `${name} is not wanted` } : { kind: 'none' }
  const parent = parentOf(view, own.parent)
  if (!parent) return { kind: 'wait', why: `no interface has the node's address ${own.parent}` }
  const { id, port, mtu, mtuV6 } = config.vxlan
  const vxlan: VxlanConfig = { id, port, local: own.parent, link: parent.index, learning: false }
  const wantedMtu = (family === 4 ? mtu : mtuV6) || parent.mtu - overhead[family]
  const mac = own.mac.toLowerCase()
  const create: Request = {
    kind: 'link',
    verb: 'add',
    link: { kind: 'vxlan', name, mac, mtu: wantedMtu, up: true, vxlan },
  }
  if (!device) return { kind: 'change', requests: [create], why: `${name} is missing` }
  if (!sameTunnel(device, vxlan))
    return { kind: 'change', requests: [remove, create], why: `${name} is of another tunnel` }
  const changes: Request[] = []
  if (device.mac !== mac || device.mtu !== wantedMtu || !device.up)
    changes.push({
      kind: 'link',
      verb: 'change',
      change: { link: { index: device.index }, mac, mtu: wantedMtu, up: true },
    })
  changes.push(...addressChanges(device, own.address, view))
  return changes.length > 0 ? { kind: 'change', requests: changes, why: `${name} was changed` } : { kind: 'none' }
}

function sameTunnel({ kind, vxlan }: Link, wanted: VxlanConfig): boolean {
  return (
    kind === 'vxlan' &&
    vxlan?.id === wanted.id &&
    vxlan.port === wanted.port &&
    vxlan.local === wanted.local &&
    vxlan.link === wanted.link &&
    vxlan.learning === wanted.learning
  )
}

/** Exactly one address besides what the kernel makes. */
function addressChanges({ index }: Link, wanted: string, { addresses }: LinkView): Request[] {
  const there = addresses.filter(
    ({ ifindex, address }) => ifindex === index && !isLinkLocal(parseAddress(bare(address))),
  )
  const cidr = `${wanted}/${wanted.includes(':') ? 128 : 32}`
  const changes: Request[] = there
    .filter(({ address }) => address !== cidr)
    .map((address) => ({ kind: 'address', verb: 'delete', address }))
  if (!there.some(({ address }) => address === cidr))
    changes.push({
      kind: 'address',
      verb: 'add',
      address: { ifindex: index, address: cidr, nodad: wanted.includes(':') },
    })
  return changes
}
