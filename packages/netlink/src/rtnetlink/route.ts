import { NetlinkError } from '../errors.ts'
import { NLM_F_DUMP } from '../wire/header.ts'
import { attributeLength } from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { attrAddress } from './attributes.ts'
import { AF_UNSPEC, familyNumber, RT_TABLE_MAIN, RTM_GETROUTE, RTPROT_BOOT } from './constants.ts'
import type { Query } from './query.ts'
import { decodeRoute } from './route-decode.ts'

/** rtm_type by its number. */
export const routeTypes = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
] as const
export type RouteType = (typeof routeTypes)[number]

/** One way of a multipath route. */
export interface NextHop {
  readonly oif?: number
  readonly gateway?: string
  /** Share of the traffic, from 1; 1 when left out. */
  readonly weight?: number
  readonly onlink?: boolean
}

/** A route. The words are the kernel's: linux/rtnetlink.h. */
export interface Route {
  /** Canonical CIDR with length; the default route is `0.0.0.0/0` or `::/0`. */
  readonly dst: string
  /** unicast when left out. */
  readonly type?: RouteType
  /** main (254) when left out. */
  readonly table?: number
  /** RTPROT_*: who made it; boot (3) when left out. */
  readonly protocol?: number
  /** RT_SCOPE_*; universe (0) when left out, except of a delete: any. IPv6 has none. */
  readonly scope?: number
  /** Metric. IPv4 0 when left out; IPv6 has no 0, the kernel makes it 1024. */
  readonly priority?: number
  readonly oif?: number
  /** May be of the other family. */
  readonly gateway?: string
  /** The gateway is on the link although no route says so. */
  readonly onlink?: boolean
  readonly prefsrc?: string
  readonly mtu?: number
  readonly tos?: number
  /** More than one way; then no `oif` and `gateway`. */
  readonly multipath?: readonly NextHop[]
}

/** A route that is to be removed: what is left out matches any. */
export type RouteMatch = Pick<Route, 'dst'> & Partial<Route>

const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_METRICS = 8
const RTA_MULTIPATH = 9
const RTA_TABLE = 15
const RTA_VIA = 18
const RTAX_MTU = 2
const RTNH_F_ONLINK = 4
const RT_SCOPE_NOWHERE = 255

/** @param wildcard for a delete: protocol, scope and type that are left out match any */
export function encodeRoute(writer: MessageWriter, route: RouteMatch, wildcard: boolean): void {
  const { dst, table = RT_TABLE_MAIN, type = wildcard ? 'unspec' : 'unicast' } = route
  const slash = dst.indexOf('/')
  if (slash < 0) throw badDestination(dst)
  const address = dst.slice(0, slash)
  const length = Number(dst.slice(slash + 1))
  const v6 = address.includes(':')
  writer
    .u8(familyNumber(v6 ? 6 : 4))
    .u8(length)
    .u8(0)
    .u8(route.tos ?? 0)
  writer.u8(table < 256 ? table : 0).u8(route.protocol ?? (wildcard ? 0 : RTPROT_BOOT))
  writer.u8(route.scope ?? (wildcard && !v6 ? RT_SCOPE_NOWHERE : 0)).u8(routeTypes.indexOf(type))
  writer.u32(route.onlink ? RTNH_F_ONLINK : 0)
  attrAddress(writer, RTA_DST, address)
  writer.attrU32(RTA_TABLE, table)
  if (route.priority !== undefined) writer.attrU32(RTA_PRIORITY, route.priority)
  if (route.prefsrc !== undefined) attrAddress(writer, RTA_PREFSRC, route.prefsrc)
  if (route.mtu !== undefined) writer.beginNested(RTA_METRICS).attrU32(RTAX_MTU, route.mtu).endNested()
  if (route.multipath) writeMultipath(writer, route.multipath, v6)
  if (route.gateway !== undefined) writeGateway(writer, route.gateway, v6)
  if (route.oif !== undefined) writer.attrU32(RTA_OIF, route.oif)
}

function writeGateway(writer: MessageWriter, gateway: string, v6: boolean): void {
  if (gateway.includes(':') === v6) {
    attrAddress(writer, RTA_GATEWAY, gateway)
    return
  }
  // struct rtvia: family u16 and the bytes of the address.
  writer.beginPlain(RTA_VIA).u16(familyNumber(v6 ? 4 : 6))
  const at = writer.length
  attrAddress(writer, 0, gateway)
  // The address was written as an attribute: drop its header.
  const size = attributeLength(writer.view, at, writer.length) - 4
  writer.buffer.copyWithin(at, at + 4, at + 4 + size)
  writer.length = at + size
  writer.endNested()
}

/** RTA_MULTIPATH is a row of rtnexthop: length u16, flags u8, hops u8, ifindex s32, then attributes. */
function writeMultipath(writer: MessageWriter, hops: readonly NextHop[], v6: boolean): void {
  writer.beginNested(RTA_MULTIPATH)
  for (const { oif = 0, gateway, weight = 1, onlink } of hops) {
    const at = writer.length
    writer
      .u16(0)
      .u8(onlink ? RTNH_F_ONLINK : 0)
      .u8(weight - 1)
      .u32(oif)
    if (gateway !== undefined) writeGateway(writer, gateway, v6)
    const end = writer.length
    writer.length = at
    writer.u16(end - at)
    writer.length = end
  }
  writer.endNested()
}

export interface RouteFilter {
  readonly family?: 4 | 6
  readonly table?: number
  readonly protocol?: number
  readonly type?: RouteType
  readonly oif?: number
}

/** Routes that match all of the filter; the kernel does the filtering. Cloned routes (the IPv6 cache) are left out. */
export function routes(filter: RouteFilter = {}): Query<Required<Pick<Route, 'type' | 'table' | 'protocol'>> & Route> {
  const { family, table, protocol = 0, type = 'unspec', oif } = filter
  return {
    what: 'routes',
    type: RTM_GETROUTE,
    flags: NLM_F_DUMP,
    encode: (writer) => {
      writer.u8(family ? familyNumber(family) : AF_UNSPEC).zeros(3)
      writer
        .u8(table !== undefined && table < 256 ? table : 0)
        .u8(protocol)
        .u8(0)
        .u8(routeTypes.indexOf(type))
        .u32(0)
      if (table !== undefined) writer.attrU32(RTA_TABLE, table)
      if (oif !== undefined) writer.attrU32(RTA_OIF, oif)
    },
    decode: decodeRoute,
  }
}

function badDestination(dst: string): NetlinkError {
  return new NetlinkError('netlink/bad-request', {
    operation: `route to ${dst}`,
    why: 'write the destination with its length, e.g. 10.1.0.0/26',
  })
}
