import { NetlinkError } from '../errors.ts'
import { NLM_F_DUMP } from '../wire/header.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { attrAddress } from './attributes.ts'
import { IFF_UP, RTM_GETLINK } from './constants.ts'
import { decodeLink, type Link } from './link-decode.ts'
import { parseMac } from './mac.ts'
import type { Query } from './query.ts'

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_MASTER = 10
const IFLA_LINKINFO = 18
const IFLA_AF_SPEC = 26
const IFLA_GROUP = 27
const IFLA_NET_NS_FD = 28
const IFLA_EXT_MASK = 29
const IFLA_NUM_TX_QUEUES = 31
const IFLA_NUM_RX_QUEUES = 32
const RTEXT_FILTER_SKIP_STATS = 8
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const VETH_INFO_PEER = 1
const IFLA_INET6_ADDR_GEN_MODE = 8
const AF_INET6 = 10

/** vxlan device, linux/if_link.h IFLA_VXLAN_*. */
export interface VxlanConfig {
  readonly id: number
  /** Underlay address the device sends from. */
  readonly local?: string
  /** ifindex of the underlay device. */
  readonly link?: number
  readonly port?: number
  readonly learning?: boolean
}

interface LinkSettings {
  readonly mac?: string
  readonly mtu?: number
  readonly up?: boolean
  /** ifindex; 0 leaves the master. */
  readonly master?: number
  readonly group?: number
}

/** The other end of a veth pair. It cannot be created up: bring it up by a request in its own namespace. */
export interface VethPeer {
  readonly name: string
  /** Descriptor of the namespace in which it is born; without it, beside the first end. */
  readonly netnsFd?: number
  readonly mac?: string
  readonly mtu?: number
  readonly txQueues?: number
  readonly rxQueues?: number
}

export type NewLink = LinkSettings & {
  readonly name: string
  readonly txQueues?: number
  readonly rxQueues?: number
} & (
    | { readonly kind: 'veth'; readonly peer: VethPeer }
    | { readonly kind: 'vxlan'; readonly vxlan: VxlanConfig }
    | { readonly kind: 'bridge' | 'dummy' }
  )

/** A link by index, or by name when the index is unknown. */
export type LinkRef = { readonly index: number } | { readonly name: string }

export type LinkChange = LinkSettings & {
  readonly link: LinkRef
  readonly rename?: string
  /** Whether the kernel makes an IPv6 link-local address when the device comes up. */
  readonly addrGenMode?: 'eui64' | 'none'
  /** Descriptor of the namespace to move it to. */
  readonly netnsFd?: number
}

export function encodeNewLink(writer: MessageWriter, link: NewLink): void {
  writeHeader(writer, 0, link.up)
  writer.attrString(IFLA_IFNAME, checkName(link.name))
  writeSettings(writer, link)
  if (link.txQueues !== undefined) writer.attrU32(IFLA_NUM_TX_QUEUES, link.txQueues)
  if (link.rxQueues !== undefined) writer.attrU32(IFLA_NUM_RX_QUEUES, link.rxQueues)
  writer.beginNested(IFLA_LINKINFO).attrString(IFLA_INFO_KIND, link.kind)
  if (link.kind === 'veth') writePeer(writer, link.peer)
  if (link.kind === 'vxlan') writeVxlan(writer, link.vxlan)
  writer.endNested()
}

export function encodeLinkChange(writer: MessageWriter, change: LinkChange): void {
  writeHeader(writer, 'index' in change.link ? change.link.index : 0, change.up)
  if ('name' in change.link) writer.attrString(IFLA_IFNAME, checkName(change.link.name))
  else if (change.rename !== undefined) writer.attrString(IFLA_IFNAME, checkName(change.rename))
  writeSettings(writer, change)
  if (change.netnsFd !== undefined) writer.attrU32(IFLA_NET_NS_FD, change.netnsFd)
  if (change.addrGenMode !== undefined) writeAddrGenMode(writer, change.addrGenMode)
}

export function encodeLinkRef(writer: MessageWriter, link: LinkRef | { readonly group: number }): void {
  writeHeader(writer, 'index' in link ? link.index : 0, undefined)
  if ('name' in link) writer.attrString(IFLA_IFNAME, checkName(link.name))
  if ('group' in link) writer.attrU32(IFLA_GROUP, link.group)
}

/** All links of the namespace, without their statistics. */
export function links(): Query<Link> {
  return {
    what: 'links',
    type: RTM_GETLINK,
    flags: NLM_F_DUMP,
    encode: (writer) => writer.zeros(16).attrU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS),
    decode: decodeLink,
  }
}

/** One link. */
export function linkBy(link: LinkRef): Query<Link> {
  return {
    what: `link ${formatLinkRef(link)}`,
    type: RTM_GETLINK,
    flags: 0,
    encode: (writer) => {
      writeHeader(writer, 'index' in link ? link.index : 0, undefined)
      if ('name' in link) writer.attrString(IFLA_IFNAME, checkName(link.name))
      writer.attrU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    },
    decode: decodeLink,
  }
}

export function formatLinkRef(link: LinkRef): string {
  return 'name' in link ? link.name : `#${link.index}`
}

/** ifinfomsg: family u8, pad u8, type u16, index s32, flags u32, change mask u32. */
function writeHeader(writer: MessageWriter, index: number, up: boolean | undefined): void {
  writer.u32(0).u32(index)
  writer.u32(up ? IFF_UP : 0).u32(up === undefined ? 0 : IFF_UP)
}

function writeSettings(writer: MessageWriter, { mac, mtu, master, group }: LinkSettings): void {
  if (mac !== undefined) writer.attrBytes(IFLA_ADDRESS, parseMac(mac))
  if (mtu !== undefined) writer.attrU32(IFLA_MTU, mtu)
  if (master !== undefined) writer.attrU32(IFLA_MASTER, master)
  if (group !== undefined) writer.attrU32(IFLA_GROUP, group)
}

function writeAddrGenMode(writer: MessageWriter, mode: 'eui64' | 'none'): void {
  writer.beginNested(IFLA_AF_SPEC).beginNested(AF_INET6)
  writer
    .attrU8(IFLA_INET6_ADDR_GEN_MODE, mode === 'none' ? 1 : 0)
    .endNested()
    .endNested()
}

function writePeer(writer: MessageWriter, peer: VethPeer): void {
  writer.beginNested(IFLA_INFO_DATA).beginPlain(VETH_INFO_PEER).zeros(16)
  writer.attrString(IFLA_IFNAME, checkName(peer.name))
  if (peer.netnsFd !== undefined) writer.attrU32(IFLA_NET_NS_FD, peer.netnsFd)
  if (peer.mac !== undefined) writer.attrBytes(IFLA_ADDRESS, parseMac(peer.mac))
  if (peer.mtu !== undefined) writer.attrU32(IFLA_MTU, peer.mtu)
  if (peer.txQueues !== undefined) writer.attrU32(IFLA_NUM_TX_QUEUES, peer.txQueues)
  if (peer.rxQueues !== undefined) writer.attrU32(IFLA_NUM_RX_QUEUES, peer.rxQueues)
  writer.endNested().endNested()
}

function writeVxlan(writer: MessageWriter, { id, local, link, port = 4789, learning = false }: VxlanConfig): void {
  writer.beginNested(IFLA_INFO_DATA).attrU32(1, id)
  if (link !== undefined) writer.attrU32(3, link)
  if (local !== undefined) attrAddress(writer, local.includes(':') ? 17 : 4, local)
  writer
    .attrU8(7, learning ? 1 : 0)
    .attrU16Be(15, port)
    .endNested()
}

/** IFNAMSIZ is 16 with the closing zero. */
function checkName(name: string): string {
  if (name === '' || name.length > 15 || /[/\s]/.test(name) || name === '.' || name === '..')
    throw new NetlinkError('netlink/bad-request', {
      operation: `interface '${name}'`,
      why: 'a name has 1 to 15 characters, no slash and no space',
    })
  return name
}
