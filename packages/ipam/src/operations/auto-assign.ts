import { type Address, type Family, formatAddress, parsePrefix, width } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { formatOwner, type Owner } from '../affinity/affinity.ts'
import type { HostReservation } from '../block/block.ts'
import { IpamError, isIpamError } from '../errors.ts'
import type { IntendedUse, Labels } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import type { StoredBlock } from '../store/records.ts'
import { addressesByHandle } from './read.ts'
import { blocksToBorrow, type Found, nextBlock, type Search } from './search.ts'
import { beginSession, type Session, takeFromBlock, takeSome, undo } from './session.ts'
import { openSearch, readWorld, type World } from './world.ts'

export interface AutoAssignRequest {
  /** IPv4 addresses wanted. */
  readonly num4?: number
  readonly num6?: number
  /** Finds the addresses again: `<network>.<container id>` for a container. Without it they are released by address only. */
  readonly handle?: string
  /** Shown to operators and used by collection; `node` also gives a borrowed address its route. */
  readonly attributes?: Readonly<Record<string, string>>
  /** Name of the Node. */
  readonly host: string
  readonly intendedUse: IntendedUse
  /** CIDRs of pools to use, in order; selectors and assignment mode are then not asked. */
  readonly pools4?: readonly string[]
  readonly pools6?: readonly string[]
  /** Most blocks that the host may have in the pools of this request; the configuration may set less. 0: its limit. */
  readonly maxBlocks?: number
  /** Labels of the workload's namespace, for pools with a namespaceSelector. */
  readonly namespaceLabels?: Labels
  /** Addresses kept from workloads in every block that is made (Windows). */
  readonly hostReservation?: HostReservation
  /** Most addresses of a family that the handle may hold: what it holds already is then the answer. 0: any number. */
  readonly maxAllocations?: number
}

/** Fewer addresses than requested is an answer: `messages` say why, `fulfilled` makes it an error. */
export interface FamilyAssignment {
  readonly family: Family
  readonly requested: number
  /** With the length of the block they are from, `10.65.0.3/26`, as Calico returns them. */
  readonly addresses: readonly string[]
  readonly messages: readonly string[]
  readonly hostReservation?: HostReservation
}

export interface Assignment {
  readonly ipv4: FamilyAssignment
  readonly ipv6: FamilyAssignment
}

/** Limit where neither configuration nor request has one: a guard against runaway claims. */
const defaultMaxBlocks = 20

/**
 * Assigns addresses: from the host's blocks, then from a block claimed for it, then, unless strict, from any block.
 * IPv4 first. All or nothing where it throws: what was taken is given back, cancellation included. Spec 03 §6.
 * @throws IpamError ipam/bad-request, ipam/no-qualified-pool, ipam/unknown-pool, ipam/bad-pool, ipam/block-limit,
 *   ipam/contention, ipam/max-allocations; DatastoreError
 */
export async function autoAssign(context: Context, request: AutoAssignRequest, call: Call): Promise<Assignment> {
  checkRequest(request)
  const world = await readWorld(context, request, call)
  const { handle, attributes = {}, maxAllocations = 0 } = request
  const session = beginSession({
    holder: { attributes, ...(handle !== undefined && { handle }) },
    cooldownSeconds: world.config.ipCooldownSeconds,
    maxAllocations,
  })
  try {
    const ipv4 = await assignFamily(context, request, world, session, 4, call)
    const ipv6 = await assignFamily(context, request, world, session, 6, call)
    return { ipv4, ipv6 }
  } catch (error) {
    await undo(context, session)
    throw error
  }
}

/** Text of what is missing, as Calico's PartialFulfillmentError; undefined when nothing is. */
export function shortfall(assignment: FamilyAssignment): string | undefined {
  const { addresses, requested, family, messages, hostReservation } = assignment
  if (addresses.length >= requested) return undefined
  const head = `Assigned ${addresses.length} out of ${requested} requested IPv${family} addresses`
  return [head, ...messages, ...(hostReservation ? [`HostReservedAttr: ${hostReservation.handle}`] : [])].join('; ')
}

/** @throws IpamError ipam/pool-exhausted when addresses are missing */
export function fulfilled(assignment: FamilyAssignment): FamilyAssignment {
  const { requested, family, addresses, messages } = assignment
  if (addresses.length >= requested) return assignment
  const why = messages.join('; ') || 'no address is free'
  throw new IpamError('ipam/pool-exhausted', { requested, assigned: addresses.length, family, why })
}

function checkRequest({ num4 = 0, num6 = 0, host, intendedUse, handle }: AutoAssignRequest): void {
  const refuse = (field: string, value: string, why: string): never => {
    throw new IpamError('ipam/bad-request', { field, value, why })
  }
  for (const [field, value] of Object.entries({ num4, num6 }))
    if (!Number.isInteger(value) || value < 0) refuse(field, `${value}`, 'must be a whole number, 0 or more')
  if (!['Workload', 'Tunnel', 'LoadBalancer'].includes(intendedUse))
    refuse('intendedUse', `${intendedUse}`, 'must be Workload, Tunnel or LoadBalancer')
  if (host.trim() === '') refuse('host', host, 'must be the name of a Node')
  if (handle === '' || handle?.includes('/')) refuse('handle', handle, 'must be text without "/"')
}

async function assignFamily(
  context: Context,
  request: AutoAssignRequest,
  world: World,
  session: Session,
  family: Family,
  call: Call,
): Promise<FamilyAssignment> {
  const requested = (family === 4 ? request.num4 : request.num6) ?? 0
  const { hostReservation } = request
  const empty = { family, requested, ...(hostReservation && { hostReservation }) }
  if (requested === 0) return { ...empty, addresses: [], messages: [] }
  const search = await openSearch(context, request, world, family, 1, call)
  const taken: string[] = []
  const messages = new Set<string>()
  const job = { context, session, search, taken, messages, requested, family }
  try {
    await takeFromOwn(job, request.maxBlocks ?? 0, call)
    if (taken.length < requested && !search.config.strictAffinity) await borrow(job, call)
  } catch (error) {
    const held = await heldAlready(context, error, session, family, requested, call)
    if (!held) throw error
    return { ...empty, addresses: held, messages: [] }
  }
  return { ...empty, addresses: taken, messages: [...messages] }
}

interface Job {
  readonly context: Context
  readonly session: Session
  readonly search: Search
  readonly taken: string[]
  readonly messages: Set<string>
  readonly requested: number
  readonly family: Family
}

/** From blocks that are the host's or become so. @throws IpamError ipam/block-limit */
async function takeFromOwn(job: Job, maxBlocks: number, call: Call): Promise<void> {
  const { context, search, taken, messages, requested } = job
  const limit = blockLimit(search.config.maxBlocksPerHost, maxBlocks)
  let owned = search.affine.length
  while (taken.length < requested) {
    const found: Found = await nextBlock(context, search, owned < limit, call)
    if (found.kind === 'limit') throw blockLimitReached(search.owner, job.family, limit)
    if (found.kind === 'none') {
      if (search.config.strictAffinity) messages.add('No more free affine blocks and strict affinity enabled')
      return
    }
    if (found.claimed) owned++
    await take(job, found.stored, search.config.strictAffinity ? search.owner : undefined, call)
  }
}

/** The stricter of both; a request without limit gets the configuration's, and the guard when that has none. */
function blockLimit(configured: number, requested: number): number {
  if (configured > 0 && requested > 0) return Math.min(configured, requested)
  return requested || configured || defaultMaxBlocks
}

function blockLimitReached(owner: Owner, family: Family, limit: number): IpamError {
  return new IpamError('ipam/block-limit', { family, limit, host: owner.name })
}

/** From any block of the pools. */
async function borrow(job: Job, call: Call): Promise<void> {
  const { context, search, taken, messages, requested } = job
  const exhausted: string[] = []
  for (const pool of search.pools) {
    if (taken.length >= requested) break
    for (const stored of await blocksToBorrow(context, search, pool, call)) {
      await take(job, stored, undefined, call)
      if (taken.length >= requested) break
    }
    if (taken.length < requested) exhausted.push(`${formatAddress(pool.prefix)}/${pool.prefix.length}`)
  }
  if (exhausted.length > 0) messages.add(`No IPs available in pools: [${exhausted.join(' ')}]`)
  if (taken.length > 0) context.log.debug('ipam.borrowed', { host: formatOwner(search.owner), addresses: [...taken] })
}

async function take(job: Job, stored: StoredBlock, onlyFor: Owner | undefined, call: Call): Promise<void> {
  const { context, session, search, taken, requested } = job
  const isReserved = search.reservations.none ? undefined : search.reservations.has
  const step = takeSome(session, requested - taken.length, isReserved)
  const addresses = await takeFromBlock(context, session, stored, step, onlyFor, call)
  const { length } = parsePrefix(stored.cidr)
  for (const address of addresses) taken.push(`${formatAddress(address)}/${length}`)
}

/**
 * When the handle may hold no more: what it holds, if that is enough. Another call for the same handle may still be under
 * way: then the error stands, and the caller tries again. Spec 03 §14.
 */
async function heldAlready(
  context: Context,
  error: unknown,
  session: Session,
  family: Family,
  requested: number,
  call: Call,
): Promise<string[] | undefined> {
  const { handle } = session.options.holder
  if (!isIpamError(error, 'ipam/max-allocations') || handle === undefined) return undefined
  const held = await addressesByHandle(context, handle, session.options.cooldownSeconds, call)
  const ofFamily = (held ?? []).filter((address: Address) => address.family === family)
  if (ofFamily.length < requested) return undefined
  return ofFamily.map((address) => `${formatAddress(address)}/${width(family)}`)
}
