import {
  attributeEnd,
  attributeLength,
  attributeType,
  type Message,
  nextAttribute,
  readI32,
  readU16,
  readU32,
} from '../wire/reader.ts'
import { addressText } from './attributes.ts'
import { familyOf } from './constants.ts'
import { type NextHop, type Route, routeTypes } from './route.ts'

const RTM_F_CLONED = 0x200
const RTNH_F_ONLINK = 4

/** A route as read: these three are always there. */
export type ReadRoute = Required<Pick<Route, 'type' | 'table' | 'protocol'>> & Route
type Draft = { -readonly [K in keyof ReadRoute]: ReadRoute[K] }

/**
 * undefined for other families and cloned routes.
 * PERF: one object for each route, none for its attributes; 100,000 routes in 70 to 100 ms with the kernel's part
 * (bench/routes.bench.ts).
 */
export function decodeRoute({ view, start, end }: Message): ReadRoute | undefined {
  const family = familyOf(view.getUint8(start))
  const flags = readU32(view, start + 8)
  if (!family || (flags & RTM_F_CLONED) !== 0) return undefined
  const addressSize = family === 4 ? 4 : 16
  const length = view.getUint8(start + 1)
  const tos = view.getUint8(start + 3)
  const route: Draft = {
    dst: '',
    type: routeTypes[view.getUint8(start + 7)] ?? 'unspec',
    table: view.getUint8(start + 4),
    protocol: view.getUint8(start + 5),
    scope: view.getUint8(start + 6),
  }
  if (tos !== 0) route.tos = tos
  if ((flags & RTNH_F_ONLINK) !== 0) route.onlink = true
  for (let at = start + 12; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const value = at + 4
    switch (attributeType(view, at)) {
      case 1: // RTA_DST
        route.dst = `${addressText(view, value, value + addressSize)}/${length}`
        break
      case 4: // RTA_OIF
        route.oif = readU32(view, value)
        break
      case 5: // RTA_GATEWAY
        route.gateway = addressText(view, value, value + addressSize)
        break
      case 6: // RTA_PRIORITY
        route.priority = readU32(view, value)
        break
      case 15: // RTA_TABLE
        route.table = readU32(view, value)
        break
      default:
        decodeRareAttribute(route, view, at)
    }
  }
  if (route.dst === '') route.dst = family === 4 ? `0.0.0.0/${length}` : `::/${length}`
  return route
}

function decodeRareAttribute(route: Draft, view: DataView, at: number): void {
  const [from, to] = [at + 4, attributeEnd(view, at)]
  switch (attributeType(view, at)) {
    case 7: // RTA_PREFSRC
      route.prefsrc = addressText(view, from, to)
      break
    case 8: // RTA_METRICS
      decodeMetrics(route, view, from, to)
      break
    case 9: // RTA_MULTIPATH
      route.multipath = decodeMultipath(view, from, to)
      break
    case 18: // RTA_VIA
      route.gateway = addressText(view, from + 2, to)
      break
  }
}

function decodeMetrics(route: Draft, view: DataView, from: number, end: number): void {
  for (let at = from; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    if (attributeType(view, at) === 2) route.mtu = readU32(view, at + 4) // RTAX_MTU
  }
}

function decodeMultipath(view: DataView, from: number, end: number): NextHop[] {
  const hops: NextHop[] = []
  for (let at = from; at + 8 <= end; ) {
    const length = readU16(view, at)
    if (length < 8) break
    const hop: { -readonly [K in keyof NextHop]: NextHop[K] } = {
      oif: readI32(view, at + 4),
      weight: view.getUint8(at + 3) + 1,
    }
    if ((view.getUint8(at + 2) & RTNH_F_ONLINK) !== 0) hop.onlink = true
    const stop = at + length
    for (let inner = at + 8; inner < stop; inner = nextAttribute(view, inner, stop)) {
      attributeLength(view, inner, stop)
      const type = attributeType(view, inner)
      if (type === 5) hop.gateway = addressText(view, inner + 4, attributeEnd(view, inner))
      else if (type === 18) hop.gateway = addressText(view, inner + 6, attributeEnd(view, inner))
    }
    hops.push(hop)
    at += (length + 3) & ~3
  }
  return hops
}
