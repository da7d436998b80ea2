import {
  attributeEnd,
  attributeLength,
  attributeType,
  type Message,
  nextAttribute,
  readI32,
  readString,
  readU16,
  readU32,
} from '../wire/reader.ts'
import { addressText, defined } from './attributes.ts'
import { IFF_RUNNING, IFF_UP } from './constants.ts'
import type { VxlanConfig } from './link.ts'
import { formatMac } from './mac.ts'

/** One network device. */
export interface Link {
  readonly index: number
  readonly name: string
  /** ARPHRD_*: 1 is Ethernet, 772 loopback. */
  readonly type: number
  /** IFF_*. */
  readonly flags: number
  /** Administratively up. */
  readonly up: boolean
  /** Up with carrier: what Calico calls oper-up (IFF_RUNNING). */
  readonly running: boolean
  /** IF_OPER_* of RFC 2863: 6 is up, and only then does the kernel send what it is given. */
  readonly operState: number
  readonly mtu: number
  readonly mac?: string
  /** ifindex of the bridge it belongs to. */
  readonly master?: number
  /** ifindex of the lower device, or of the veth peer. */
  readonly link?: number
  /** nsid of the namespace of `link`, when that is another. */
  readonly linkNetnsId?: number
  readonly group: number
  /** `veth`, `bridge`, `vxlan`, …; none for hardware. */
  readonly kind?: string
  readonly vxlan?: VxlanConfig
}

type Mutable<T> = { -readonly [K in keyof T]?: T[K] | undefined }

export function decodeLink({ view, start, end }: Message): Link {
  const flags = readU32(view, start + 8)
  const link: Mutable<Link> = {
    index: readI32(view, start + 4),
    name: '',
    type: readU16(view, start + 2),
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    operState: 0,
    mtu: 0,
    group: 0,
  }
  for (let at = start + 16; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    decodeLinkAttribute(link, view, attributeType(view, at), at + 4, attributeEnd(view, at))
  }
  return defined<Link>(link as { [K in keyof Link]: Link[K] | undefined })
}

function decodeLinkAttribute(link: Mutable<Link>, view: DataView, type: number, from: number, to: number): void {
  switch (type) {
    case 1: // IFLA_ADDRESS
      if (to > from) link.mac = formatMac(view, from, to)
      break
    case 3: // IFLA_IFNAME
      link.name = readString(view, from, to)
      break
    case 4: // IFLA_MTU
      link.mtu = readU32(view, from)
      break
    case 5: // IFLA_LINK
      link.link = readU32(view, from)
      break
    case 10: // IFLA_MASTER
      link.master = readU32(view, from)
      break
    case 16: // IFLA_OPERSTATE
      link.operState = view.getUint8(from)
      break
    case 18: // IFLA_LINKINFO
      decodeLinkInfo(link, view, from, to)
      break
    case 27: // IFLA_GROUP
      link.group = readU32(view, from)
      break
    case 37: // IFLA_LINK_NETNSID
      link.linkNetnsId = readI32(view, from)
      break
  }
}

function decodeLinkInfo(link: Mutable<Link>, view: DataView, from: number, end: number): void {
  for (let at = from; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const type = attributeType(view, at)
    if (type === 1) link.kind = readString(view, at + 4, attributeEnd(view, at))
    // IFLA_INFO_KIND comes before IFLA_INFO_DATA.
    else if (type === 2 && link.kind === 'vxlan') link.vxlan = decodeVxlan(view, at + 4, attributeEnd(view, at))
  }
}

function decodeVxlan(view: DataView, from: number, end: number): VxlanConfig {
  const vxlan: Mutable<VxlanConfig> = { id: 0, learning: false }
  for (let at = from; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const value = at + 4
    switch (attributeType(view, at)) {
      case 1: // IFLA_VXLAN_ID
        vxlan.id = readU32(view, value)
        break
      case 3: // IFLA_VXLAN_LINK
        if (readU32(view, value) !== 0) vxlan.link = readU32(view, value)
        break
      case 4: // IFLA_VXLAN_LOCAL
      case 17: // IFLA_VXLAN_LOCAL6
        vxlan.local = addressText(view, value, attributeEnd(view, at))
        break
      case 7: // IFLA_VXLAN_LEARNING
        vxlan.learning = view.getUint8(value) !== 0
        break
      case 15: // IFLA_VXLAN_PORT
        vxlan.port = view.getUint16(value)
        break
    }
  }
  return defined<VxlanConfig>(vxlan as { [K in keyof VxlanConfig]: VxlanConfig[K] | undefined })
}
