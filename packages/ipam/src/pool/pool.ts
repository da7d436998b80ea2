import {
  type Address,
  canonicalPrefix,
  containsAddress,
  type Family,
  formatPrefix,
  type Prefix,
  parsePrefix,
  prefixOf,
  width,
} from '@tortie/ip'
import { compileSelector, type IPPool, lookupIn, parseSelector } from '@tortie/model'
import { IpamError } from '../errors.ts'

export type IntendedUse = 'Workload' | 'Tunnel' | 'LoadBalancer'

/** An IPPool as IPAM sees it, with the defaults of spec 03 §5 filled in. */
export interface Pool {
  readonly name: string
  readonly prefix: Prefix
  /** Prefix length of its blocks. */
  readonly blockLength: number
  readonly enabled: boolean
  readonly automatic: boolean
  readonly uses: readonly IntendedUse[]
  readonly nodeSelector: string
  readonly namespaceSelector: string
}

export type Labels = Readonly<Record<string, string>>

/** Undefined for a pool whose CIDR or block size cannot be used; such a pool is as good as absent. */
export function poolOf({ metadata, spec, status }: IPPool): Pool | undefined {
  let prefix: Prefix
  try {
    prefix = parsePrefix(canonicalPrefix(spec.cidr))
  } catch {
    return undefined
  }
  const blockLength = spec.blockSize || (prefix.family === 4 ? 26 : 122)
  if (blockLength > width(prefix.family)) return undefined
  const allocatable = !status?.conditions?.some(({ type, status }) => type === 'Allocatable' && status === 'False')
  return {
    name: metadata.name,
    prefix,
    blockLength,
    enabled: !spec.disabled && !metadata.deletionTimestamp && allocatable,
    automatic: (spec.assignmentMode ?? 'Automatic') === 'Automatic',
    uses: spec.allowedUses && spec.allowedUses.length > 0 ? spec.allowedUses : ['Workload', 'Tunnel'],
    nodeSelector: spec.nodeSelector ?? '',
    namespaceSelector: spec.namespaceSelector ?? '',
  }
}

export function poolsOf(resources: readonly IPPool[]): Pool[] {
  return resources.flatMap((resource) => poolOf(resource) ?? [])
}

/** The first pool that holds `address`. */
export function poolFor(pools: readonly Pool[], address: Address): Pool | undefined {
  return pools.find(({ prefix }) => containsAddress(prefix, address))
}

/** The block of `pool` that holds `address`. */
export function blockOf(pool: Pool, address: Address): Prefix {
  return prefixOf(address, pool.blockLength)
}

/** @throws IpamError ipam/bad-pool when the selector cannot be read */
export function selectsNode({ name, nodeSelector }: Pool, labels: Labels): boolean {
  return selects(name, 'nodeSelector', nodeSelector, labels)
}

/** @throws IpamError ipam/bad-pool when the selector cannot be read */
export function selectsNamespace({ name, namespaceSelector }: Pool, labels: Labels): boolean {
  return selects(name, 'namespaceSelector', namespaceSelector, labels)
}

function selects(pool: string, field: string, selector: string, labels: Labels): boolean {
  if (selector.trim() === '') return true
  try {
    return compileSelector(parseSelector(selector))(lookupIn(labels))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new IpamError('ipam/bad-pool', { pool, field, why }, { cause })
  }
}

export interface PoolWish {
  readonly family: Family
  readonly use: IntendedUse
  readonly host: string
  readonly nodeLabels: Labels
  readonly namespaceLabels: Labels
  /** CIDRs asked for: these pools, in this order, whatever their selectors and mode say. */
  readonly asked: readonly string[]
  /** Name of the field that holds `asked`, for messages. */
  readonly field: string
  /** Longest block prefix that still has room beside the host's reservation. */
  readonly longestBlock: number
}

/**
 * The pools to take addresses from, in order. Spec 03 §6 step 5. Calico drops pools with blocks too small for the host's
 * reservation from the pools that may be asked for only (T11); here they are dropped in both cases.
 * @throws IpamError ipam/no-qualified-pool, ipam/unknown-pool, ipam/bad-request, ipam/bad-pool
 */
export function choosePools(pools: readonly Pool[], wish: PoolWish): Pool[] {
  const { family, host, use } = wish
  const refuse = (why: string): never => {
    throw new IpamError('ipam/no-qualified-pool', { family, host, why })
  }
  const enabled = pools.filter((pool) => pool.enabled && pool.prefix.family === family)
  if (enabled.length === 0) refuse(`there is no enabled IPv${family} IPPool; create one`)
  const roomy = enabled.filter(({ blockLength }) => blockLength <= wish.longestBlock)
  if (roomy.length === 0) refuse(`their blockSize leaves no room beside the addresses reserved for the host`)
  const chosen = wish.asked.length > 0 ? askedFor(roomy, wish) : roomy.filter((pool) => suits(pool, wish))
  if (chosen.length === 0)
    refuse('no pool in assignmentMode Automatic selects this node and namespace; see nodeSelector, namespaceSelector')
  const usable = chosen.filter(({ uses }) => uses.includes(use))
  if (usable.length === 0)
    refuse(`none of ${chosen.map(({ name }) => name).join(', ')} has ${use} among its allowedUses`)
  return usable
}

function suits(pool: Pool, { nodeLabels, namespaceLabels }: PoolWish): boolean {
  return pool.automatic && selectsNode(pool, nodeLabels) && selectsNamespace(pool, namespaceLabels)
}

function askedFor(pools: readonly Pool[], { asked, family, field }: PoolWish): Pool[] {
  const byCidr = new Map(pools.map((pool) => [formatPrefix(pool.prefix), pool]))
  return asked.map((text) => {
    let prefix: Prefix
    try {
      prefix = parsePrefix(canonicalPrefix(text))
    } catch (cause) {
      throw new IpamError('ipam/bad-request', { field, value: text, why: 'is no CIDR' }, { cause })
    }
    if (prefix.family !== family)
      throw new IpamError('ipam/bad-request', { field, value: text, why: `must be the CIDR of an IPv${family} pool` })
    const pool = byCidr.get(formatPrefix(prefix))
    if (!pool) throw new IpamError('ipam/unknown-pool', { family, pool: text, field })
    return pool
  })
}
