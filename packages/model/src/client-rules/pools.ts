import { overlaps } from '@tortie/ip'
import type { FieldError } from '../errors.ts'
import type { IPPool } from '../kinds/ip-pool.ts'
import { tryPrefix } from '../schema/formats.ts'

/** Errors for each other pool, disabled ones too, that shares addresses with `pool` (spec 01 §1.11, Create). */
export function poolOverlaps(pool: IPPool, pools: Iterable<IPPool>): readonly FieldError[] {
  const prefix = tryPrefix(pool.spec.cidr)
  if (!prefix) return []
  return [...pools].flatMap((other) => {
    const theirs = other.metadata.name === pool.metadata.name ? undefined : tryPrefix(other.spec.cidr)
    if (!theirs || !overlaps(prefix, theirs)) return []
    const reason = `IPPool(${pool.metadata.name}) CIDR overlaps with IPPool(${other.metadata.name}) CIDR ${other.spec.cidr}`
    return [{ path: 'spec.cidr', value: pool.spec.cidr, reason }]
  })
}

/** Whether IPAM may take addresses from the pool (spec 01 §1.11). */
export function isEnabledPool({ metadata, spec, status }: IPPool): boolean {
  const refused = status?.conditions?.some(({ type, status: value }) => type === 'Allocatable' && value === 'False')
  return !metadata.deletionTimestamp && !spec.disabled && !refused
}
