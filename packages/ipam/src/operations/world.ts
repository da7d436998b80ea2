import { type Family, parsePrefix } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { Owner } from '../affinity/affinity.ts'
import type { HostReservation } from '../block/block.ts'
import { IpamError, isIpamError } from '../errors.ts'
import { choosePools, type IntendedUse, type Labels, type Pool, poolFor, poolsOf, selectsNode } from '../pool/pool.ts'
import { type Reservations, reservationsOf } from '../pool/reservations.ts'
import type { Context } from '../store/context.ts'
import { find, listAffinities, listAll } from '../store/records.ts'
import { getConfig, type IpamConfig } from './config.ts'
import { releaseBlockAffinity } from './release-affinity.ts'
import type { Search } from './search.ts'

export interface WorldRequest {
  readonly host: string
  readonly intendedUse: IntendedUse
  readonly pools4?: readonly string[]
  readonly pools6?: readonly string[]
  readonly namespaceLabels?: Labels
  readonly hostReservation?: HostReservation
}

/** What an assignment depends on and does not change. */
export interface World {
  readonly owner: Owner
  readonly config: IpamConfig
  readonly reservations: Reservations
  readonly nodeLabels: Labels
  readonly pools: readonly Pool[]
}

/** One round of reads, at once, for both families. @throws IpamError ipam/bad-request when the Node is missing */
export async function readWorld(context: Context, { host, intendedUse }: WorldRequest, call: Call): Promise<World> {
  const virtual = intendedUse === 'LoadBalancer'
  const [config, reservations, nodeLabels, pools] = await Promise.all([
    getConfig(context, call),
    readReservations(context, call),
    // Load balancer addresses are nobody's node's: what selects nodes by label selects none of them.
    virtual ? {} : readNodeLabels(context, host, call),
    readPools(context, call),
  ])
  return { owner: { type: virtual ? 'virtual' : 'host', name: host }, config, reservations, nodeLabels, pools }
}

export async function readPools(context: Context, call: Call): Promise<Pool[]> {
  return poolsOf(await listAll(context, 'IPPool', call))
}

export async function readReservations(context: Context, call: Call): Promise<Reservations> {
  return reservationsOf(await listAll(context, 'IPReservation', call), (entry, reservation) =>
    context.log.warn('ipam.reservation.malformed', { entry, reservation }),
  )
}

async function readNodeLabels(context: Context, host: string, call: Call): Promise<Labels> {
  const node = await find(context, { kind: 'Node', name: host }, call)
  if (node) return node.metadata.labels ?? {}
  const why = 'names a Node that does not exist; start the agent on it or create the Node'
  throw new IpamError('ipam/bad-request', { field: 'host', value: host, why })
}

/** The pools and affine blocks of one family. Spec 03 §6 step 5. */
export async function openSearch(
  context: Context,
  request: WorldRequest,
  world: World,
  family: Family,
  minFree: number,
  call: Call,
): Promise<Search> {
  const { owner, config, reservations, nodeLabels } = world
  const pools = choosePools(world.pools, {
    family,
    use: request.intendedUse,
    host: owner.name,
    nodeLabels,
    namespaceLabels: request.namespaceLabels ?? {},
    asked: (family === 4 ? request.pools4 : request.pools6) ?? [],
    field: `pools${family}`,
    longestBlock: longestBlock(family, request.hostReservation),
  })
  const affinities = (await listAffinities(context, owner, call)).filter(
    ({ cidr }) => parsePrefix(cidr).family === family,
  )
  const inPools = (cidr: string): boolean => poolFor(pools, parsePrefix(cidr)) !== undefined
  const affine = affinities.filter(({ cidr }) => inPools(cidr))
  for (const { cidr } of affinities) if (!inPools(cidr)) await releaseIfDeselected(context, world, cidr, call)
  return { owner, config, reservations, hostReservation: request.hostReservation, pools, affine, minFree }
}

/** Gives up an empty block whose pool selects the node no more. */
async function releaseIfDeselected(context: Context, world: World, cidr: string, call: Call): Promise<void> {
  const { owner, config, nodeLabels } = world
  const pool = poolFor(
    world.pools.filter(({ enabled }) => enabled),
    parsePrefix(cidr),
  )
  if (!pool || selectsNode(pool, nodeLabels)) return
  await releaseUnlessUsed(context, owner, cidr, config.ipCooldownSeconds, call)
}

/** Gives up a block if it is empty. That it is not, or is another's, is fine. */
export async function releaseUnlessUsed(
  context: Context,
  owner: Owner,
  cidr: string,
  cooldownSeconds: number,
  call: Call,
): Promise<void> {
  try {
    await releaseBlockAffinity(context, { owner, cidr, cooldownSeconds, mustBeEmpty: true }, call)
  } catch (error) {
    if (!isIpamError(error, 'ipam/block-not-empty') && !isIpamError(error, 'ipam/block-claimed')) throw error
  }
}

/** Longest block prefix that has an address left beside the host's: /29 for four reserved. Spec 03 §13 */
export function longestBlock(family: Family, reservation: HostReservation | undefined): number {
  const bits = family === 4 ? 32 : 128
  if (!reservation) return bits
  const reserved = reservation.start + reservation.end
  const length = bits - reserved.toString(2).length
  if (reserved <= 0 || length <= 0)
    throw new IpamError('ipam/bad-request', {
      field: 'hostReservation',
      value: `${reserved}`,
      why: 'must reserve at least one address and leave one',
    })
  return length
}
