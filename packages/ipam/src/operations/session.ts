import { type Address, addressAt, containsAddress } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { Owner } from '../affinity/affinity.ts'
import { isOwnedBy } from '../affinity/affinity.ts'
import { type Holder, takeOrdinals } from '../block/assign.ts'
import { attributeAt, type Block, blockPrefix, handleOf, ordinalIn, sequenceNumberAt } from '../block/block.ts'
import { releaseAddresses } from '../block/release.ts'
import { IpamError } from '../errors.ts'
import type { Context } from '../store/context.ts'
import { findBlock, type StoredBlock, writeBlock, writeOrDeleteBlock } from '../store/records.ts'
import { lostRace, swap } from '../store/swap.ts'
import { type Increment, incrementHandle, settleHandle, takeBack } from './handles.ts'

/** Addresses written, or perhaps written, into one block by one operation. */
interface Take {
  readonly cidr: string
  readonly addresses: readonly Address[]
  /** The block's version on which it was based: with the handle it tells ours from another's. */
  readonly sequenceNumber: bigint
}

export interface SessionOptions {
  readonly holder: Holder
  readonly cooldownSeconds: number
  /** Most addresses of a family for the handle; 0: any number. */
  readonly maxAllocations: number
}

/** A pure step that takes addresses from a block. */
export type TakeStep = (block: Block) => { readonly block: Block; readonly addresses: readonly Address[] }

/** The takes of one operation, so that an operation that fails can give everything back. */
export interface Session {
  readonly options: SessionOptions
  readonly takes: Take[]
}

export function beginSession(options: SessionOptions): Session {
  return { options, takes: [] }
}

/** Takes up to `count` addresses that are not reserved. */
export function takeSome(session: Session, count: number, isReserved?: (address: Address) => boolean): TakeStep {
  return (block) => {
    const { block: taken, ordinals } = takeOrdinals(block, count, session.options.holder, isReserved)
    const prefix = blockPrefix(block)
    return { block: taken, addresses: ordinals.map((ordinal) => addressAt(prefix, ordinal)) }
  }
}

/**
 * Applies `step` to a block by compare-and-swap, the handle first. The block is read again after a lost race; when it is
 * gone or, given `onlyFor`, no longer that owner's, nothing is taken.
 */
export async function takeFromBlock(
  context: Context,
  session: Session,
  from: StoredBlock,
  step: TakeStep,
  onlyFor: Owner | undefined,
  call: Call,
): Promise<readonly Address[]> {
  const { cooldownSeconds, holder, maxAllocations } = session.options
  let next: StoredBlock | undefined = from
  return swap<readonly Address[]>(
    context,
    `block ${from.cidr}`,
    async () => {
      const stored = next ?? (await findBlock(context, from.cidr, cooldownSeconds, call))
      next = undefined
      if (!stored || (onlyFor && !isOwnedBy(stored.block, onlyFor))) return []
      const { block, addresses } = step(stored.block)
      if (addresses.length === 0) return []
      const take = { cidr: stored.cidr, addresses, sequenceNumber: BigInt(stored.block.sequenceNumber) }
      session.takes.push(take)
      let increment: Increment | undefined
      try {
        if (holder.handle !== undefined) {
          const count = { handle: holder.handle, cidr: stored.cidr, count: addresses.length }
          increment = await incrementHandle(context, count, maxAllocations, call)
        }
        await writeBlock(context, stored, block, call)
      } catch (error) {
        // Other errors leave open what was written: `undo` will look.
        if (!lostRace(error) && !(error instanceof IpamError)) throw error
        session.takes.splice(session.takes.indexOf(take), 1)
        const counted = increment
        if (counted) await withGrace(context, (grace) => takeBack(context, counted, grace))
        throw error
      }
      context.count.assigned(blockPrefix(block).family, addresses.length)
      return addresses
    },
    call,
  )
}

/**
 * Gives back everything the session took, when it fails or is cancelled. What was perhaps not written is looked up by
 * handle and sequence number. An error here is logged: the handle still counts the addresses, so that release by handle
 * or collection finds them.
 */
export async function undo(context: Context, session: Session): Promise<void> {
  for (const take of session.takes.splice(0).reverse()) {
    try {
      await withGrace(context, (call) => undoTake(context, session.options, take, call))
    } catch (error) {
      context.log.warn('ipam.undo.failed', { block: take.cidr, handle: session.options.holder.handle, error })
    }
  }
}

async function undoTake(context: Context, options: SessionOptions, take: Take, call: Call): Promise<void> {
  const { cooldownSeconds, holder } = options
  await swap(
    context,
    `block ${take.cidr}`,
    async () => {
      const stored = await findBlock(context, take.cidr, cooldownSeconds, call)
      if (!stored) return
      const ours = take.addresses.filter((address) => isOurs(stored.block, address, holder, take.sequenceNumber))
      if (ours.length === 0) return
      const rest = { cooldownSeconds, nowMs: context.clock.wallMs() }
      const { block } = releaseAddresses(
        stored.block,
        ours.map((address) => ({ address })),
        rest,
      )
      await writeOrDeleteBlock(context, stored, block, call)
    },
    call,
  )
  if (holder.handle !== undefined)
    await settleHandle(context, { handle: holder.handle, cidr: take.cidr }, cooldownSeconds, call)
}

function isOurs(block: Block, address: Address, { handle = '' }: Holder, sequenceNumber: bigint): boolean {
  if (!containsAddress(blockPrefix(block), address)) return false
  const ordinal = ordinalIn(block, address)
  const held = attributeAt(block, ordinal)
  return !!held && !held.releasedAt && handleOf(held) === handle && sequenceNumberAt(block, ordinal) === sequenceNumber
}

const graceMs = 30_000

/** Runs clean-up that must not be cut short by the cancellation that made it necessary: up to 30 s of its own. */
export async function withGrace<T>(context: Context, work: (call: Call) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const done = new AbortController()
  context.clock.sleep(graceMs, done).then(
    () => controller.abort(new Error(`clean-up took longer than ${graceMs / 1000} s`)),
    () => undefined,
  )
  try {
    return await work(controller)
  } finally {
    done.abort()
  }
}
