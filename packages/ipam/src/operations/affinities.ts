import { canonicalPrefix, containsPrefix, formatPrefix, type Prefix, parsePrefix, subnets } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { formatOwner, type Owner, ownerOf } from '../affinity/affinity.ts'
import type { HostReservation } from '../block/block.ts'
import { IpamError, isIpamError } from '../errors.ts'
import type { Labels } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import { findBlock, listAffinities, listAllAffinities } from '../store/records.ts'
import { claimBlock } from './claim.ts'
import { getConfig } from './config.ts'
import { releaseBlockAffinity } from './release-affinity.ts'
import { nextBlock } from './search.ts'
import { openSearch, readPools, readWorld } from './world.ts'

export interface AffinityClaims {
  readonly claimed: readonly string[]
  /** Blocks that others own. */
  readonly failed: readonly string[]
}

/** Blocks of one request: a CIDR of a pool with 2^16 blocks or more is surely a mistake. */
const maxBlocksAtOnce = 65_536

/** Claims every block of `cidr` for the owner. @throws IpamError ipam/bad-request, ipam/not-in-pool */
export async function claimAffinity(
  context: Context,
  { cidr, owner }: { readonly cidr: string; readonly owner: Owner },
  call: Call,
): Promise<AffinityClaims> {
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  const claimed: string[] = []
  const failed: string[] = []
  for (const block of await blocksOf(context, cidr, call)) {
    try {
      await claimBlock(context, { owner, cidr: block, cooldownSeconds }, call)
      claimed.push(block)
    } catch (error) {
      if (!isIpamError(error, 'ipam/block-claimed')) throw error
      failed.push(block)
    }
  }
  return { claimed, failed }
}

/**
 * Gives up every block of `cidr` that the owner has; others' are passed over.
 * @throws IpamError ipam/bad-request, ipam/not-in-pool, ipam/block-not-empty with `mustBeEmpty`
 */
export async function releaseAffinity(
  context: Context,
  { cidr, owner, mustBeEmpty }: { readonly cidr: string; readonly owner: Owner; readonly mustBeEmpty: boolean },
  call: Call,
): Promise<void> {
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  for (const block of await blocksOf(context, cidr, call))
    await unlessClaimed(releaseBlockAffinity(context, { owner, cidr: block, cooldownSeconds, mustBeEmpty }, call))
}

/** Gives up one block, whoever has it. @throws IpamError ipam/block-not-empty */
export async function releaseBlock(
  context: Context,
  { cidr, mustBeEmpty }: { readonly cidr: string; readonly mustBeEmpty: boolean },
  call: Call,
): Promise<void> {
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  const name = formatPrefix(prefixIn('cidr', cidr))
  const stored = await findBlock(context, name, cooldownSeconds, call)
  const owner = stored && ownerOf(stored.block)
  if (owner) await releaseBlockAffinity(context, { owner, cidr: name, cooldownSeconds, mustBeEmpty }, call)
}

/**
 * Gives up every block of an owner, IPv4 and IPv6. Goes on after an error and throws the last.
 * @throws IpamError ipam/block-not-empty with `mustBeEmpty`
 */
export async function releaseHostAffinities(
  context: Context,
  { owner, mustBeEmpty }: { readonly owner: Owner; readonly mustBeEmpty: boolean },
  call: Call,
): Promise<void> {
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  let last: { readonly error: unknown } | undefined
  for (const { cidr } of await listAffinities(context, owner, call)) {
    try {
      await unlessClaimed(releaseBlockAffinity(context, { owner, cidr, cooldownSeconds, mustBeEmpty }, call))
    } catch (error) {
      call.signal.throwIfAborted()
      context.log.warn('ipam.affinity.release-failed', { block: cidr, owner: formatOwner(owner), error })
      last = { error }
    }
  }
  if (last) throw last.error
}

/**
 * Gives up every block within a pool, so that the pool can be deleted; used addresses stay in blocks that are nobody's.
 * Of every type of owner: Calico forgets virtual ones in etcd (spec 03 T16). @throws IpamError ipam/bad-request
 */
export async function releasePoolAffinities(context: Context, cidr: string, call: Call): Promise<void> {
  const pool = prefixIn('cidr', cidr)
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  for (const affinity of await listAllAffinities(context, call)) {
    if (!containsPrefix(pool, parsePrefix(affinity.cidr))) continue
    const release = { owner: affinity.owner, cidr: affinity.cidr, cooldownSeconds, mustBeEmpty: false }
    await unlessClaimed(releaseBlockAffinity(context, release, call))
  }
}

/** Our affinity was stale; `releaseBlockAffinity` has removed it. */
async function unlessClaimed(release: Promise<unknown>): Promise<void> {
  await release.catch((error: unknown) => {
    if (!isIpamError(error, 'ipam/block-claimed')) throw error
  })
}

export interface EnsureBlockRequest {
  readonly host: string
  readonly pools4?: readonly string[]
  readonly pools6?: readonly string[]
  readonly namespaceLabels?: Labels
  /** Families for which a block is wanted. */
  readonly families: readonly (4 | 6)[]
  readonly hostReservation?: HostReservation
}

/**
 * Makes sure that the host has a block and returns its CIDR per family; assigns nothing, may be repeated. Spec 03 §13.
 * @throws IpamError ipam/no-qualified-pool, ipam/unknown-pool, ipam/pool-exhausted
 */
export async function ensureBlock(
  context: Context,
  request: EnsureBlockRequest,
  call: Call,
): Promise<{ readonly ipv4?: string; readonly ipv6?: string }> {
  const asked = { ...request, intendedUse: 'Workload' as const }
  const world = await readWorld(context, asked, call)
  const blocks: { ipv4?: string; ipv6?: string } = {}
  for (const family of request.families) {
    const search = await openSearch(context, asked, world, family, 0, call)
    const found = await nextBlock(context, search, true, call)
    if (found.kind !== 'block') {
      const why = `no block is left for ${request.host} in ${search.pools.map(({ name }) => name).join(', ')}`
      throw new IpamError('ipam/no-qualified-pool', { family, host: request.host, why })
    }
    blocks[family === 4 ? 'ipv4' : 'ipv6'] = found.stored.cidr
  }
  return blocks
}

async function blocksOf(context: Context, cidr: string, call: Call): Promise<string[]> {
  const prefix = prefixIn('cidr', cidr)
  const pool = (await readPools(context, call)).find(
    ({ enabled, prefix: whole }) => enabled && containsPrefix(whole, prefix),
  )
  if (!pool) throw new IpamError('ipam/not-in-pool', { address: cidr })
  if (prefix.length > pool.blockLength)
    throw new IpamError('ipam/bad-request', {
      field: 'cidr',
      value: cidr,
      why: `is smaller than a block of IPPool(${pool.name}), which is a /${pool.blockLength}`,
    })
  if (2 ** (pool.blockLength - prefix.length) > maxBlocksAtOnce)
    throw new IpamError('ipam/bad-request', { field: 'cidr', value: cidr, why: `has over ${maxBlocksAtOnce} blocks` })
  return [...subnets(prefix, pool.blockLength)].map(formatPrefix)
}

function prefixIn(field: string, text: string): Prefix {
  try {
    return parsePrefix(canonicalPrefix(text))
  } catch (cause) {
    throw new IpamError('ipam/bad-request', { field, value: text, why: 'is no CIDR' }, { cause })
  }
}
