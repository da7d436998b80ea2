import {
  canonicalPrefix,
  containsPrefix,
  formatPrefix,
  type Prefix,
  parsePrefix,
  prefixSize,
  subtractPrefixes,
} from '@tortie/ip'
import type { Block } from '../block/block.ts'
import { countFree, countInUse } from '../block/block.ts'
import { IpamError } from '../errors.ts'
import type { Pool } from '../pool/pool.ts'
import type { Reservations } from '../pool/reservations.ts'

/** Numbers of addresses; beyond 2^53 rounded. */
export interface Usage {
  /** Addresses of the CIDR. */
  readonly capacity: number
  /** Assigned, reserved for the host, or resting. */
  readonly inUse: number
  /** Kept by IPReservations, assigned or not. */
  readonly reserved: number
  /** Could be assigned now. */
  readonly available: number
}

export interface BlockUsage extends Usage {
  readonly cidr: string
  /** `host:node-1`; absent when the block is nobody's. */
  readonly affinity?: string
}

export interface PoolUsage extends Usage {
  readonly name: string
  readonly cidr: string
  readonly blocks: readonly BlockUsage[]
  /** Stands for blocks that lie in no pool; its totals are 0. */
  readonly orphaned: boolean
}

/**
 * How full pools are. Pool totals are set arithmetic on the whole CIDR: reservations may nest and overlap. Calico's
 * numbers end at 2^63-1. Blocks of either family that lie in no pool come last, under one name, when all pools are
 * asked for; Calico shows IPv4 ones only. Spec 03 §12.
 * @param wanted names or CIDRs of pools; empty: all
 * @throws IpamError ipam/bad-request when a wanted pool does not exist
 */
export function utilizationOf(
  pools: readonly Pool[],
  blocks: readonly Block[],
  reservations: Reservations,
  wanted: readonly string[] = [],
): PoolUsage[] {
  const chosen = wanted.length === 0 ? pools : wanted.map((text) => poolNamed(pools, text))
  const known = blocks.map((block) => ({ block, prefix: parsePrefix(block.cidr) }))
  const usage = chosen.map((pool) => {
    const inside = known.filter(({ prefix }) => containsPrefix(pool.prefix, prefix))
    return usageOf(pool, inside, reservations)
  })
  const orphans = known.filter(({ prefix }) => !pools.some((pool) => containsPrefix(pool.prefix, prefix)))
  if (wanted.length > 0 || orphans.length === 0) return usage
  const none = { capacity: 0, inUse: 0, reserved: 0, available: 0 }
  const rows = orphans.map(({ block, prefix }) => blockUsage(block, prefix, reservations))
  return [...usage, { name: 'orphaned allocation blocks', cidr: '0.0.0.0/0', ...none, blocks: rows, orphaned: true }]
}

interface Known {
  readonly block: Block
  readonly prefix: Prefix
}

function usageOf({ name, prefix }: Pool, inside: readonly Known[], reservations: Reservations): PoolUsage {
  const blocks = inside.map(({ block, prefix: at }) => blockUsage(block, at, reservations))
  const sum = (of: (usage: Usage) => number): number => blocks.reduce((total, usage) => total + of(usage), 0)
  const untouched = subtractPrefixes(prefix, [...reservations.within(prefix), ...inside.map((known) => known.prefix)])
  return {
    name,
    cidr: formatPrefix(prefix),
    blocks,
    orphaned: false,
    capacity: Number(prefixSize(prefix)),
    inUse: sum(({ inUse }) => inUse),
    reserved: Number(reservations.count(prefix)),
    available:
      Number(untouched.reduce((total, part) => total + prefixSize(part), 0n)) + sum((usage) => usage.available),
  }
}

function blockUsage(block: Block, prefix: Prefix, reservations: Reservations): BlockUsage {
  return {
    cidr: block.cidr,
    ...(block.affinity && { affinity: block.affinity }),
    capacity: block.allocations.length,
    inUse: countInUse(block),
    reserved: Number(reservations.count(prefix)),
    available: countFree(block, reservations.none ? undefined : reservations.has),
  }
}

function poolNamed(pools: readonly Pool[], text: string): Pool {
  let cidr: string | undefined
  try {
    cidr = canonicalPrefix(text)
  } catch {
    // Then it is a name.
  }
  const found = pools.find(({ name, prefix }) => name === text || formatPrefix(prefix) === cidr)
  if (found) return found
  throw new IpamError('ipam/bad-request', { field: 'pools', value: text, why: 'is neither name nor CIDR of an IPPool' })
}
