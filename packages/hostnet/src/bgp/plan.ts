import type { NextHopResolution } from '@tortie/bgp'
import { type NextHop, type Request, RT_TABLE_MAIN } from '@tortie/netlink'
import { effectivePriority } from '../plan/route-key.ts'
import { Interner } from './interner.ts'
import type { KernelView } from './kernel-view.ts'
import type { CompiledPolicy, Way } from './policy.ts'
import { RouteTable, type RowState } from './route-table.ts'
import { type HeldShape, heldKey, routeOf, shapeOfHops, type WantedHop, type WantedShape } from './shape.ts'

const tunnel = 'tunl0'

/** Every route that is wanted, and every one of ours that the kernel holds. */
export interface Shadow {
  readonly table: RouteTable
  readonly wanted: Interner<WantedShape>
  readonly held: Interner<HeldShape>
}

export function createShadow(): Shadow {
  return { table: new RouteTable(), wanted: new Interner(), held: new Interner() }
}

/** What a plan is made for. */
export interface PlanContext extends Shadow {
  readonly view: Pick<KernelView, 'at' | 'byName'>
  readonly policy: CompiledPolicy
  /** Whether what an earlier process left may be changed. */
  readonly recovered: boolean
  /** How an address is reached of which BGP has not said it. */
  resolve(address: string): NextHopResolution | undefined
  /** Shapes as they are now to the kernel, by `realise`; emptied when a device or the policy changes. */
  readonly realised: Map<string, number | string>
}

/** What to do about one prefix. */
export interface RowPlan {
  readonly state: RowState
  /** To be written at the wanted metric, before anything is removed. */
  readonly put?: { readonly verb: 'add' | 'replace'; readonly shape: number }
  /** Whether the held route is to be removed; after a `put`, only when that was not refused. */
  readonly remove: boolean
}

const inPlace: RowPlan = { state: 'in-place', remove: false }
const waiting: RowPlan = { state: 'waiting', remove: false }
const removal: RowPlan = { state: 'in-place', remove: true }

/**
 * Pure: the smallest change that brings the kernel to what is wanted for one prefix. Never a replacement where a route of
 * another may stand (spec 05 B11, trap 27): the kernel does not ask whose it is.
 */
export function planRow(row: number, context: PlanContext): RowPlan {
  const { table, recovered } = context
  const held = table.heldShape[row] as number
  const target = targetOf(row, context)
  if (held !== 0 && !recovered && table.isInherited(row)) return inPlace
  if (target === undefined) return held === 0 ? inPlace : removal
  if (typeof target === 'string') return waiting
  const metric = table.wantedMetric[row] as number
  const samePlace = held !== 0 && table.heldMetric[row] === metric
  if (samePlace && held === target) return inPlace
  if (context.view.at(table.prefixOf(row)).some((route) => effectivePriority(route) === metric))
    return { state: 'conflict', remove: samePlace }
  return {
    state: 'in-place',
    put: { verb: samePlace ? 'replace' : 'add', shape: target },
    remove: !samePlace && held !== 0,
  }
}

/** The number of the held shape that the row should have; why it cannot have it now; undefined when it should have none. */
export function targetOf(row: number, context: PlanContext): number | string | undefined {
  const { table, policy } = context
  const wanted = table.wantedShape[row] as number
  if (wanted === 0) return undefined
  const way = policy.wayOf(table, row)
  return way === 'no' ? undefined : realise(wanted, way, context)
}

function realise(wanted: number, way: Way, context: PlanContext): number | string | undefined {
  const key = `${wanted} ${way}`
  const known = context.realised.get(key)
  if (known !== undefined) return known === 0 ? undefined : known
  const { learned, hops } = context.wanted.get(wanted)
  const resolved = hops.map((hop) => (hop.interface === undefined ? resolvedHop(hop, context) : hop))
  const shape = heldShapeOf({ learned, hops: resolved }, way, context)
  const result = typeof shape === 'object' ? context.held.intern(heldKey(shape), () => shape) : shape
  // What we resolved ourselves changes with any route.
  if (hops.every((hop) => hop.interface !== undefined)) context.realised.set(key, result ?? 0)
  return result
}

function resolvedHop({ nextHop }: WantedHop, { resolve }: PlanContext): WantedHop {
  const way = resolve(nextHop)
  if (way?.interface === undefined) return { nextHop }
  return { nextHop, gateway: way.gateway ?? nextHop, interface: way.interface }
}

function heldShapeOf(
  { learned, hops }: WantedShape,
  way: Way,
  { policy, view }: PlanContext,
): HeldShape | string | undefined {
  if (learned && policy.wireguardNextHops.has(hops[0]?.nextHop ?? '')) return undefined
  if (hops.length === 0) return { type: 'blackhole' }
  const ways = hops.map((hop) => {
    const tunnelled = learned && (way === 'ipip' || (way === 'ipip-cross-subnet' && !policy.isInSubnet(hop.nextHop)))
    return tunnelled ? throughTunnel(hop, view) : byNextHop(hop, view)
  })
  const usable = ways.filter((each) => typeof each === 'object')
  // Of equal ways those that work serve; the others come back with their device.
  return usable.length > 0 ? shapeOfHops(usable) : (ways[0] as string)
}

function throughTunnel({ nextHop }: WantedHop, view: PlanContext['view']): NextHop | string {
  return onDevice(tunnel, { gateway: nextHop, onlink: true }, view)
}

function byNextHop({ nextHop, gateway, interface: name }: WantedHop, view: PlanContext['view']): NextHop | string {
  if (name === undefined || gateway === undefined) return `nothing leads to next hop ${nextHop}`
  return onDevice(name, { gateway }, view)
}

function onDevice(name: string, hop: NextHop, { byName }: PlanContext['view']): NextHop | string {
  const link = byName.get(name)
  return link?.up ? { ...hop, oif: link.index } : `interface ${name} is ${link ? 'down' : 'missing'}`
}

export function putRequest(
  row: number,
  { verb, shape }: NonNullable<RowPlan['put']>,
  { table, held }: Shadow,
  protocol: number,
): Request {
  const route = routeOf(table.prefixOf(row), table.wantedMetric[row] as number, held.get(shape), protocol)
  return { kind: 'route', verb, route }
}

/**
 * Metric and protocol are always said: without them the kernel removes the first that fits (spec 05 trap 27). A metric of 0
 * says nothing to IPv4, so the type is said, too.
 * @param shape of the route that goes
 */
export function removeRequest(
  row: number,
  metric: number,
  shape: number,
  { table, held }: Shadow,
  protocol: number,
): Request {
  const { type } = held.get(shape)
  const route = { dst: table.prefixOf(row), table: RT_TABLE_MAIN, priority: metric, protocol, type }
  return { kind: 'route', verb: 'delete', route }
}
