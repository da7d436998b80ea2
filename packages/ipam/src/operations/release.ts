import { type Address, formatAddress, parsePrefix } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import { ownerOf } from '../affinity/affinity.ts'
import { cutHandle, isEmpty } from '../block/block.ts'
import { ordinalsOf, type Release, releaseAddresses, releaseHandle } from '../block/release.ts'
import { IpamError } from '../errors.ts'
import { type Handle, withCount } from '../handle/handle.ts'
import { blockOf, poolFor, selectsNode } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import {
  cidrOf,
  find,
  findBlock,
  findHandle,
  listAll,
  type StoredBlock,
  type StoredHandle,
  writeHandle,
  writeOrDeleteBlock,
} from '../store/records.ts'
import { lostRace, swap } from '../store/swap.ts'
import { getConfig } from './config.ts'
import { settleHandle } from './handles.ts'
import { addressIn } from './read.ts'
import { readPools, releaseUnlessUsed } from './world.ts'

export interface ReleaseOptions {
  readonly address: string
  /** Release only if this handle holds it. */
  readonly handle?: string
  /** Release only if this was the block's version when the address was given out. */
  readonly sequenceNumber?: bigint
}

export interface ReleaseResult {
  readonly released: readonly string[]
  /** Were not assigned, or rest already. */
  readonly unallocated: readonly string[]
  /** Blocks whose release failed as a whole, with the reason. */
  readonly failures: readonly { readonly block: string; readonly error: unknown }[]
}

const blocksAtOnce = 8

/** Releases addresses, block by block; one mismatch refuses its whole block (spec 03 §10, T14). Errors are in the result. */
export async function releaseIps(
  context: Context,
  options: readonly ReleaseOptions[],
  call: Call,
): Promise<ReleaseResult> {
  const [pools, config] = await Promise.all([readPools(context, call), getConfig(context, call)])
  const released: string[] = []
  const unallocated: string[] = []
  const failures: { block: string; error: unknown }[] = []
  const byBlock = new Map<string, Release[]>()
  let known: { readonly cidr: string; has(address: Address): boolean }[] | undefined
  for (const { address: text, ...expected } of options) {
    const address = addressIn('address', text)
    const pool = poolFor(pools, address)
    if (!pool) known ??= await listBlockRanges(context, call)
    const cidr = pool ? cidrOf(blockOf(pool, address)) : known?.find((block) => block.has(address))?.cidr
    if (cidr === undefined) unallocated.push(formatAddress(address))
    else byBlock.set(cidr, [...(byBlock.get(cidr) ?? []), { address, ...expected }])
  }
  await eachOf([...byBlock], blocksAtOnce, async ([cidr, releases]) => {
    try {
      const result = await releaseInBlock(context, cidr, releases, config.ipCooldownSeconds, call)
      released.push(...result.released.map(formatAddress))
      unallocated.push(...result.unallocated.map(formatAddress))
    } catch (error) {
      call.signal.throwIfAborted()
      failures.push({ block: cidr, error })
    }
  })
  return { released, unallocated, failures }
}

async function listBlockRanges(
  context: Context,
  call: Call,
): Promise<{ readonly cidr: string; has(address: Address): boolean }[]> {
  const blocks = await listAll(context, 'IPAMBlock', call)
  return blocks.map(({ spec: { cidr } }) => {
    const { family, value } = parsePrefix(cidr)
    const size = 1n << BigInt((family === 4 ? 32 : 128) - parsePrefix(cidr).length)
    return { cidr, has: (at) => at.family === family && at.value >= value && at.value < value + size }
  })
}

async function releaseInBlock(
  context: Context,
  cidr: string,
  releases: readonly Release[],
  cooldownSeconds: number,
  call: Call,
): Promise<{ readonly released: readonly Address[]; readonly unallocated: readonly Address[] }> {
  const result = await swap(
    context,
    `block ${cidr}`,
    async () => {
      const stored = await findBlock(context, cidr, cooldownSeconds, call)
      if (!stored) return undefined
      const step = releaseAddresses(stored.block, releases, { cooldownSeconds, nowMs: context.clock.wallMs() })
      // Read before the block is written: see settleHandle.
      const handles = await Promise.all([...step.byHandle.keys()].map((id) => findHandle(context, id, call)))
      if (step.released.length > 0) await writeOrDeleteBlock(context, stored, step.block, call)
      return { ...step, handles }
    },
    call,
  )
  if (!result) return { released: [], unallocated: releases.map(({ address }) => address) }
  context.count.released(result.released.length)
  // From here on the addresses are free; what fails leaves a handle that counts too much, and is put right later.
  for (const stored of result.handles)
    if (stored)
      await logged(context, 'ipam.handle.settle-failed', { handle: stored.handle.handleID, block: cidr }, call, () =>
        settle(context, stored, result.block, cooldownSeconds, call),
      )
  if (result.released.length > 0) await keepAffinityConsistent(context, result.block, cooldownSeconds, call)
  return result
}

/** Makes the handle count what it holds in the block as just written. */
async function settle(
  context: Context,
  stored: StoredHandle,
  block: StoredBlock['block'],
  cooldownSeconds: number,
  call: Call,
): Promise<void> {
  const { handleID: handle } = stored.handle
  try {
    const held = ordinalsOf(block, handle).length
    await writeHandle(context, stored, withCount(stored.handle, block.cidr, held), call)
  } catch (error) {
    if (!lostRace(error)) throw error
    await settleHandle(context, { handle, cidr: block.cidr }, cooldownSeconds, call)
  }
}

/** Gives up an empty block whose pool selects its node no more. What fails is logged: the next release tries again. */
async function keepAffinityConsistent(
  context: Context,
  block: StoredBlock['block'],
  cooldownSeconds: number,
  call: Call,
): Promise<void> {
  const owner = ownerOf(block)
  if (owner?.type !== 'host' || !isEmpty(block)) return
  await logged(context, 'ipam.affinity.check-failed', { block: block.cidr }, call, async () => {
    const node = await find(context, { kind: 'Node', name: owner.name }, call)
    if (!node) return
    const pools = (await readPools(context, call)).filter(({ enabled }) => enabled)
    const pool = poolFor(pools, parsePrefix(block.cidr))
    if (pool && !selectsNode(pool, node.metadata.labels ?? {}))
      await releaseUnlessUsed(context, owner, block.cidr, cooldownSeconds, call)
  })
}

/**
 * Releases every address that `handle` holds and puts its counts right. With a sequence number, only allocations that
 * have it. Spec 03 §10.
 *
 * Calico subtracts what it found from the handle, so that a count which a crash or T12 left too high stays for ever, and
 * leaves a handle alone whose block has nothing of it. Here the handle's counts become what the blocks now hold; why that
 * is safe, `settleHandle` says.
 * @throws IpamError ipam/unknown-handle, ipam/contention
 */
export async function releaseByHandle(
  context: Context,
  { handle: id, sequenceNumber }: { readonly handle: string; readonly sequenceNumber?: bigint },
  call: Call,
): Promise<void> {
  const { ipCooldownSeconds } = await getConfig(context, call)
  const handle = cutHandle(id)
  let known = false
  const empty: StoredBlock['block'][] = []
  await swap(
    context,
    `handle ${handle}`,
    async () => {
      const stored = await findHandle(context, handle, call)
      if (!stored && !known) throw new IpamError('ipam/unknown-handle', { handle })
      if (!stored) return
      known = true
      const left: Record<string, number> = {}
      for (const cidr of Object.keys(stored.handle.block ?? {})) {
        const block = await releaseHandleInBlock(context, cidr, handle, ipCooldownSeconds, sequenceNumber, call)
        if (block) empty.push(block)
        const remaining = block ? ordinalsOf(block, handle).length : 0
        if (remaining > 0) left[cidr] = remaining
      }
      const after: Handle | undefined = Object.keys(left).length > 0 ? { ...stored.handle, block: left } : undefined
      await writeHandle(context, stored, after, call)
    },
    call,
  )
  for (const block of empty) await keepAffinityConsistent(context, block, ipCooldownSeconds, call)
}

/** Returns the block as it is now, without the handle's addresses; undefined when there is none. Always writes it. */
async function releaseHandleInBlock(
  context: Context,
  cidr: string,
  handle: string,
  cooldownSeconds: number,
  sequenceNumber: bigint | undefined,
  call: Call,
): Promise<StoredBlock['block'] | undefined> {
  return swap(
    context,
    `block ${cidr}`,
    async () => {
      const stored = await findBlock(context, cidr, cooldownSeconds, call)
      if (!stored) return undefined
      const rest = { cooldownSeconds, nowMs: context.clock.wallMs() }
      const { block, count } = releaseHandle(stored.block, handle, rest, sequenceNumber)
      await writeOrDeleteBlock(context, stored, block, call)
      context.count.released(count)
      return block
    },
    call,
  )
}

async function logged(
  context: Context,
  event: string,
  facts: Readonly<Record<string, unknown>>,
  call: Call,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    call.signal.throwIfAborted()
    context.log.warn(event, { ...facts, error })
  }
}

/** At most `limit` at once. */
async function eachOf<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: Math.min(limit, items.length) }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}
