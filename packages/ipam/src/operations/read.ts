import { type Address, formatAddress, parseAddress } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { attributeAt, handleOf, ordinalIn } from '../block/block.ts'
import { addressesOf } from '../block/release.ts'
import { IpamError } from '../errors.ts'
import { blockOf, poolFor } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import { cidrOf, findBlock, findHandle } from '../store/records.ts'
import { getConfig } from './config.ts'
import { readPools } from './world.ts'

/** Who holds an address. */
export interface AddressHolder {
  readonly handle?: string
  readonly attributes: Readonly<Record<string, string>>
  /** The owner before or after a live migration. */
  readonly alternateAttributes: Readonly<Record<string, string>>
}

/** Addresses that a handle holds, by block, in order. @throws IpamError ipam/unknown-handle */
export async function ipsByHandle(context: Context, handle: string, call: Call): Promise<string[]> {
  const { ipCooldownSeconds } = await getConfig(context, call)
  const addresses = await addressesByHandle(context, handle, ipCooldownSeconds, call)
  if (!addresses) throw new IpamError('ipam/unknown-handle', { handle })
  return addresses.map(formatAddress)
}

/** Undefined when there is no such handle. A block that cannot be read is logged and skipped. */
export async function addressesByHandle(
  context: Context,
  handle: string,
  cooldownSeconds: number,
  call: Call,
): Promise<Address[] | undefined> {
  const stored = await findHandle(context, handle, call)
  if (!stored) return undefined
  const addresses: Address[] = []
  for (const cidr of Object.keys(stored.handle.block ?? {})) {
    try {
      const block = await findBlock(context, cidr, cooldownSeconds, call)
      if (block) addresses.push(...addressesOf(block.block, handle))
    } catch (error) {
      call.signal.throwIfAborted()
      context.log.warn('ipam.block.unreadable', { block: cidr, handle, error })
    }
  }
  return addresses
}

/**
 * Who holds `address`.
 * @throws IpamError ipam/not-assigned, ipam/cooling-down, ipam/not-in-pool, ipam/bad-request
 */
export async function getAssignmentAttributes(context: Context, address: string, call: Call): Promise<AddressHolder> {
  const wanted = addressIn('address', address)
  const [pools, config] = await Promise.all([readPools(context, call), getConfig(context, call)])
  const pool = poolFor(
    pools.filter(({ enabled }) => enabled),
    wanted,
  )
  if (!pool) throw new IpamError('ipam/not-in-pool', { address })
  const stored = await findBlock(context, cidrOf(blockOf(pool, wanted)), config.ipCooldownSeconds, call)
  const held = stored && attributeAt(stored.block, ordinalIn(stored.block, wanted))
  if (!held) throw new IpamError('ipam/not-assigned', { address })
  if (held.releasedAt) throw new IpamError('ipam/cooling-down', { address, releasedAt: held.releasedAt })
  return {
    ...(held.handle_id !== undefined && { handle: handleOf(held) }),
    attributes: held.secondary ?? {},
    alternateAttributes: held.alternateOwnerAttrs ?? {},
  }
}

/** @throws IpamError ipam/bad-request naming `field` */
export function addressIn(field: string, text: string): Address {
  try {
    return parseAddress(text)
  } catch (cause) {
    throw new IpamError('ipam/bad-request', { field, value: text, why: 'is no IP address' }, { cause })
  }
}
