import { containsPrefix, formatPrefix, type Prefix, parsePrefix } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { formatOwner, isOwnedBy, type Owner } from '../affinity/affinity.ts'
import { type Block, countFree, type HostReservation, isEmpty } from '../block/block.ts'
import { parseTime } from '../block/cooldown.ts'
import { isIpamError } from '../errors.ts'
import type { Pool } from '../pool/pool.ts'
import type { Reservations } from '../pool/reservations.ts'
import { placeInWalk, walkBlocks } from '../pool/walk.ts'
import type { Context } from '../store/context.ts'
import { listBlocks, type StoredAffinity, type StoredBlock } from '../store/records.ts'
import { again, swap } from '../store/swap.ts'
import { claimBlock } from './claim.ts'
import type { IpamConfig } from './config.ts'
import { reclaimBlock } from './release-affinity.ts'

/** A block younger than this is not taken from its owner, so that two hosts do not fight over it. */
const minReclaimAgeMs = 60_000

/** Where an owner's addresses of one family may come from. */
export interface Search {
  readonly owner: Owner
  readonly config: IpamConfig
  readonly reservations: Reservations
  readonly hostReservation: HostReservation | undefined
  /** In order of preference. */
  readonly pools: readonly Pool[]
  /** Affine blocks not tried yet, in the store's order; consumed. */
  readonly affine: StoredAffinity[]
  /** Addresses a block must have left to be of use. */
  readonly minFree: number
}

export type Found =
  | { readonly kind: 'block'; readonly stored: StoredBlock; readonly claimed: boolean }
  | { readonly kind: 'none' }
  | { readonly kind: 'limit' }

/** The owner's next block with room: one it has, or, if it may, one it claims. Spec 03 §7. */
export async function nextBlock(context: Context, search: Search, mayClaim: boolean, call: Call): Promise<Found> {
  const { owner, affine, config } = search
  for (let affinity = affine.shift(); affinity; affinity = affine.shift()) {
    if (search.reservations.covering(parsePrefix(affinity.cidr))) continue
    const claim = { owner, cidr: affinity.cidr, cooldownSeconds: config.ipCooldownSeconds, listed: affinity }
    const stored = await unlessTaken(claimBlock(context, { ...claim, reservation: search.hostReservation }, call))
    if (stored && freeIn(search, stored.block) >= search.minFree) return { kind: 'block', stored, claimed: false }
  }
  if (!mayClaim) return { kind: 'limit' }
  if (!config.autoAllocateBlocks) return { kind: 'none' }
  return claimAnother(context, search, call)
}

async function claimAnother(context: Context, search: Search, call: Call): Promise<Found> {
  const { owner, config, hostReservation } = search
  return swap<Found>(
    context,
    `blocks of ${formatOwner(owner)}`,
    async () => {
      const cidr = await findUsableBlock(context, search, call)
      if (cidr === undefined) return { kind: 'none' }
      const claim = { owner, cidr, cooldownSeconds: config.ipCooldownSeconds, reservation: hostReservation }
      const stored = await unlessTaken(claimBlock(context, { ...claim, listed: 'new' }, call))
      // Another claimed it, or used it up, between the listing and now.
      if (!stored || freeIn(search, stored.block) < search.minFree) return again
      return { kind: 'block', stored, claimed: true }
    },
    call,
  )
}

async function unlessTaken(claim: Promise<StoredBlock>): Promise<StoredBlock | undefined> {
  return claim.catch((error: unknown) => {
    if (isIpamError(error, 'ipam/block-claimed') || isIpamError(error, 'ipam/contention')) return undefined
    throw error
  })
}

export function freeIn({ reservations }: Search, block: Block): number {
  return countFree(block, reservations.none ? undefined : reservations.has)
}

/**
 * The CIDR of a block that does not exist yet, or is the owner's and has room, or could be taken because it is empty and
 * unused for a while. Undefined when there is none. Spec 03 §8 `findUsableBlock`.
 */
async function findUsableBlock(context: Context, search: Search, call: Call): Promise<string | undefined> {
  const { owner, reservations, config } = search
  const existing = new Map<string, StoredBlock>()
  for (const stored of await listBlocks(context, config.ipCooldownSeconds, call)) existing.set(stored.cidr, stored)
  const reclaimable: StoredBlock[] = []
  for (const pool of search.pools) {
    for (const prefix of walkBlocks(walkOf(context, search, pool), reservations.covering)) {
      const cidr = formatPrefix(prefix)
      const stored = existing.get(cidr)
      if (!stored) return cidr
      if (freeIn(search, stored.block) === 0) continue
      if (isOwnedBy(stored.block, owner)) return cidr
      if (isEmpty(stored.block)) reclaimable.push(stored)
    }
  }
  for (const stored of reclaimable) {
    const claimedMs = parseTime(stored.block.affinityClaimTime) ?? 0
    if (context.clock.wallMs() - claimedMs < minReclaimAgeMs) continue
    if (await reclaimBlock(context, stored, config.ipCooldownSeconds, call)) return stored.cidr
  }
  return undefined
}

function walkOf(context: Context, { owner }: Search, { prefix, blockLength }: Pool) {
  return { pool: prefix, blockLength, owner: owner.name, nowNs: context.clock.wallNs() }
}

/**
 * Blocks of a pool with room, whoever has them, in the order in which the owner walks the pool. One listing; Calico reads
 * every possible block of the pool one by one.
 */
export async function blocksToBorrow(
  context: Context,
  search: Search,
  pool: Pool,
  call: Call,
): Promise<readonly StoredBlock[]> {
  const place = placeInWalk(walkOf(context, search, pool))
  const found: { readonly stored: StoredBlock; readonly place: bigint }[] = []
  for (const stored of await listBlocks(context, search.config.ipCooldownSeconds, call)) {
    const prefix: Prefix = parsePrefix(stored.cidr)
    if (prefix.length !== pool.blockLength || !containsPrefix(pool.prefix, prefix)) continue
    if (freeIn(search, stored.block) > 0) found.push({ stored, place: place(prefix) })
  }
  return found.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ stored }) => stored)
}
