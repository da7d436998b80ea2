import { NLM_F_DUMP } from '../wire/header.ts'
import {
  attributeEnd,
  attributeLength,
  attributeType,
  type Message,
  nextAttribute,
  readI32,
  readU16,
} from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { addressText, attrAddress } from './attributes.ts'
import { AF_BRIDGE, AF_UNSPEC, familyNumber, familyOf, NTF_SELF, NUD_PERMANENT, RTM_GETNEIGH } from './constants.ts'
import { formatMac, parseMac } from './mac.ts'
import type { Query } from './query.ts'

const NDA_DST = 1
const NDA_LLADDR = 2
const NDA_IFINDEX = 8
const NTF_PROXY = 8

/** An entry of the neighbour table (ARP, NDP). */
export interface Neighbour {
  readonly ifindex: number
  readonly dst: string
  readonly mac?: string
  /** NUD_*; permanent when left out. */
  readonly state?: number
  /** NTF_*; NTF_PROXY makes it a proxy entry. */
  readonly flags?: number
}

/** An entry of the forwarding database of a bridge or vxlan device: where a MAC is. */
export interface FdbEntry {
  readonly ifindex: number
  readonly mac: string
  /** vxlan: underlay address of the remote. */
  readonly dst?: string
  /** NUD_*; permanent when left out. */
  readonly state?: number
  /** NTF_*; NTF_SELF when left out: the device's own table, not its master's. */
  readonly flags?: number
  readonly vlan?: number
}

/** ndmsg: family u8, pad u8, pad u16, ifindex s32, state u16, flags u8, type u8. */
export function encodeNeighbour(writer: MessageWriter, { ifindex, dst, mac, state, flags }: Neighbour): void {
  writer
    .u8(familyNumber(dst.includes(':') ? 6 : 4))
    .zeros(3)
    .u32(ifindex)
  writer
    .u16(state ?? NUD_PERMANENT)
    .u8(flags ?? 0)
    .u8(0)
  attrAddress(writer, NDA_DST, dst)
  if (mac !== undefined) writer.attrBytes(NDA_LLADDR, parseMac(mac))
}

export function encodeFdbEntry(writer: MessageWriter, { ifindex, mac, dst, state, flags, vlan }: FdbEntry): void {
  writer.u8(AF_BRIDGE).zeros(3).u32(ifindex)
  writer
    .u16(state ?? NUD_PERMANENT)
    .u8(flags ?? NTF_SELF)
    .u8(0)
  writer.attrBytes(NDA_LLADDR, parseMac(mac))
  if (dst !== undefined) attrAddress(writer, NDA_DST, dst)
  if (vlan !== undefined) writer.attrU16(5, vlan)
}

/** @param filter only of this family and device; `proxy` lists the proxy entries instead */
export function neighbours(
  filter: { readonly family?: 4 | 6; readonly ifindex?: number; readonly proxy?: boolean } = {},
): Query<Neighbour> {
  return {
    what: 'neighbours',
    type: RTM_GETNEIGH,
    flags: NLM_F_DUMP,
    encode: (writer) => {
      writer.u8(filter.family ? familyNumber(filter.family) : AF_UNSPEC).zeros(9)
      writer.u8(filter.proxy ? NTF_PROXY : 0).u8(0)
      if (filter.ifindex !== undefined) writer.attrU32(NDA_IFINDEX, filter.ifindex)
    },
    decode: decodeNeighbour,
  }
}

/** Forwarding entries of one device, or of all. */
export function fdb(filter: { readonly ifindex?: number } = {}): Query<FdbEntry> {
  return {
    what: 'forwarding entries',
    type: RTM_GETNEIGH,
    flags: NLM_F_DUMP,
    encode: (writer) => {
      writer
        .u8(AF_BRIDGE)
        .zeros(3)
        .u32(filter.ifindex ?? 0)
        .zeros(4)
    },
    decode: decodeFdbEntry,
  }
}

interface Fields {
  readonly family: number
  readonly ifindex: number
  readonly state: number
  readonly flags: number
  readonly dst: string | undefined
  readonly mac: string | undefined
  readonly vlan: number | undefined
}

function decodeFields({ view, start, end }: Message): Fields {
  let dst: string | undefined
  let mac: string | undefined
  let vlan: number | undefined
  for (let at = start + 12; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const type = attributeType(view, at)
    if (type === NDA_DST) dst = addressText(view, at + 4, attributeEnd(view, at))
    else if (type === NDA_LLADDR) mac = formatMac(view, at + 4, attributeEnd(view, at))
    else if (type === 5) vlan = readU16(view, at + 4)
  }
  const family = view.getUint8(start)
  const ifindex = readI32(view, start + 4)
  return { family, ifindex, state: readU16(view, start + 8), flags: view.getUint8(start + 10), dst, mac, vlan }
}

export function decodeNeighbour(message: Message): Neighbour | undefined {
  const { family, ifindex, state, flags, dst, mac } = decodeFields(message)
  if (!familyOf(family) || dst === undefined) return undefined
  return { ifindex, dst, state, flags, ...(mac === undefined ? {} : { mac }) }
}

export function decodeFdbEntry(message: Message): FdbEntry | undefined {
  const { family, ifindex, state, flags, dst, mac, vlan } = decodeFields(message)
  if (family !== AF_BRIDGE || mac === undefined) return undefined
  const known = { ...(dst === undefined ? {} : { dst }), ...(vlan === undefined ? {} : { vlan }) }
  return { ifindex, mac, state, flags, ...known }
}
