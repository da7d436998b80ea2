import { formatAddress } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { formatOwner, isOwnedBy, type Owner } from '../affinity/affinity.ts'
import { takeAddress } from '../block/assign.ts'
import { IpamError, isIpamError } from '../errors.ts'
import { blockOf, type IntendedUse, type Pool, poolFor } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import { cidrOf, findBlock, type StoredBlock } from '../store/records.ts'
import { again, swap } from '../store/swap.ts'
import { claimBlock } from './claim.ts'
import { getConfig, type IpamConfig } from './config.ts'
import { addressesByHandle, addressIn } from './read.ts'
import { beginSession, takeFromBlock, undo } from './session.ts'
import { readPools } from './world.ts'

export interface AssignIpRequest {
  readonly address: string
  readonly handle?: string
  readonly attributes?: Readonly<Record<string, string>>
  /** Name of the Node, or of a controller when the use is LoadBalancer. */
  readonly host: string
  /** Refuses a pool that is not for it. Not given: any enabled pool will do. */
  readonly intendedUse?: IntendedUse
  /** Most addresses of the family that the handle may hold; an address it has already is then no error. 0: any number. */
  readonly maxAllocations?: number
}

/**
 * Assigns the address asked for, whatever the pool's selectors and mode and the reservations say; claims its block for the
 * host when there is none. Spec 03 §9.
 *
 * Calico forgets to give back the handle's count after a lost race, and returns a lost claim instead of trying again
 * (T13); here both are put right.
 * @throws IpamError ipam/bad-request, ipam/not-in-pool, ipam/pool-use, ipam/address-assigned, ipam/block-claimed (strict
 *   affinity), ipam/max-allocations, ipam/contention
 */
export async function assignIp(context: Context, request: AssignIpRequest, call: Call): Promise<void> {
  const address = addressIn('address', request.address)
  const [pools, config] = await Promise.all([readPools(context, call), getConfig(context, call)])
  const pool = usablePool(pools, request)
  const owner: Owner = { type: request.intendedUse === 'LoadBalancer' ? 'virtual' : 'host', name: request.host }
  const { handle, attributes = {}, maxAllocations = 0 } = request
  const holder = { attributes, ...(handle !== undefined && { handle }) }
  const session = beginSession({ holder, cooldownSeconds: config.ipCooldownSeconds, maxAllocations })
  const cidr = cidrOf(blockOf(pool, address))
  try {
    await swap(
      context,
      `block ${cidr}`,
      async () => {
        const stored = await findOrClaim(context, owner, cidr, config, call)
        if (!stored) return again
        if (config.strictAffinity && !isOwnedBy(stored.block, owner))
          throw new IpamError('ipam/block-claimed', {
            block: cidr,
            owner: stored.block.affinity ?? '',
            wanted: formatOwner(owner),
          })
        const step = (block: StoredBlock['block']) => ({
          block: takeAddress(block, address, holder),
          addresses: [address],
        })
        const taken = await takeFromBlock(context, session, stored, step, undefined, call)
        return taken.length > 0 ? true : again
      },
      call,
    )
  } catch (error) {
    await undo(context, session)
    if (await isHeldAlready(context, request, error, config, call)) return
    throw error
  }
}

function usablePool(pools: readonly Pool[], { address, intendedUse, host }: AssignIpRequest): Pool {
  if (host.trim() === '')
    throw new IpamError('ipam/bad-request', { field: 'host', value: host, why: 'must be the name of a Node' })
  const pool = poolFor(
    pools.filter(({ enabled }) => enabled),
    addressIn('address', address),
  )
  if (!pool) throw new IpamError('ipam/not-in-pool', { address })
  if (intendedUse !== undefined && !pool.uses.includes(intendedUse))
    throw new IpamError('ipam/pool-use', { pool: pool.name, use: intendedUse })
  return pool
}

/** Undefined when another claimed the block at the same time: it is then there to be read. */
async function findOrClaim(
  context: Context,
  owner: Owner,
  cidr: string,
  { ipCooldownSeconds: cooldownSeconds }: IpamConfig,
  call: Call,
): Promise<StoredBlock | undefined> {
  const stored = await findBlock(context, cidr, cooldownSeconds, call)
  if (stored) return stored
  return claimBlock(context, { owner, cidr, cooldownSeconds }, call).catch((error: unknown) => {
    if (isIpamError(error, 'ipam/block-claimed')) return undefined
    throw error
  })
}

/** Whether the handle has the address already, where it may have only so many. */
async function isHeldAlready(
  context: Context,
  { address, handle, maxAllocations = 0 }: AssignIpRequest,
  error: unknown,
  { ipCooldownSeconds }: IpamConfig,
  call: Call,
): Promise<boolean> {
  if (maxAllocations === 0 || handle === undefined) return false
  if (!isIpamError(error, 'ipam/max-allocations') && !isIpamError(error, 'ipam/address-assigned')) return false
  const held = (await addressesByHandle(context, handle, ipCooldownSeconds, call)) ?? []
  return held.map(formatAddress).includes(formatAddress(addressIn('address', address)))
}
