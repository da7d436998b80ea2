import type { Call } from '@tortie/runtime'
import type { CollectInput, CollectPlan } from '../collect/collector.ts'
import type { Context } from '../store/context.ts'
import { findBlock, listAll, writeOrDeleteBlock } from '../store/records.ts'
import { swap } from '../store/swap.ts'
import { getConfig } from './config.ts'
import { settleHandle } from './handles.ts'
import { type ReleaseResult, releaseIps } from './release.ts'
import { releaseUnlessUsed } from './world.ts'

/** What is stored now, for a collector; the caller adds what it knows of nodes and workloads. */
export async function readForCollection(
  context: Context,
  call: Call,
): Promise<Omit<CollectInput, 'nodeState' | 'usage' | 'keepsBlocks'>> {
  // Handles first: an address counted in them has then had its time to be in its block.
  const handles = await listAll(context, 'IPAMHandle', call)
  const [blocks, affinities, config] = await Promise.all([
    listAll(context, 'IPAMBlock', call),
    listAll(context, 'BlockAffinity', call),
    getConfig(context, call),
  ])
  const nowMs = context.clock.wallMs()
  return { blocks, affinities, handles, cooldownSeconds: config.ipCooldownSeconds, nowMs }
}

export interface CollectResult {
  readonly addresses: ReleaseResult
  /** What could not be done; the next plan finds it again. */
  readonly failures: readonly { readonly object: string; readonly error: unknown }[]
}

/** Carries out a plan. Each part is checked anew against what is stored, so that a plan that came late does no harm. */
export async function collect(context: Context, plan: CollectPlan, call: Call): Promise<CollectResult> {
  const { ipCooldownSeconds: cooldownSeconds } = await getConfig(context, call)
  const failures: { object: string; error: unknown }[] = []
  const attempt = async (object: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      call.signal.throwIfAborted()
      failures.push({ object, error })
    }
  }
  const addresses = await releaseIps(context, plan.releases, call)
  for (const cidr of plan.blocks)
    await attempt(`block ${cidr}`, () => rewriteBlock(context, cidr, cooldownSeconds, call))
  for (const { owner, cidr } of plan.affinities)
    await attempt(`affinity ${owner.name} ${cidr}`, () =>
      releaseUnlessUsed(context, owner, cidr, cooldownSeconds, call),
    )
  for (const count of plan.handles)
    await attempt(`handle ${count.handle}`, () => settleHandle(context, count, cooldownSeconds, call))
  return { addresses, failures }
}

/** Stores that addresses have rested, which reading alone does not; deletes a block that is empty and nobody's. */
async function rewriteBlock(context: Context, cidr: string, cooldownSeconds: number, call: Call): Promise<void> {
  await swap(
    context,
    `block ${cidr}`,
    async () => {
      const stored = await findBlock(context, cidr, cooldownSeconds, call)
      if (stored) await writeOrDeleteBlock(context, stored, stored.block, call)
    },
    call,
  )
}

/** Deletes handles that a report found to hold nothing, if they are still what the report saw. */
export async function forgetHandles(
  context: Context,
  handles: readonly { readonly ID: string; readonly Revision: string }[],
  call: Call,
): Promise<{ readonly forgotten: readonly string[]; readonly skipped: readonly string[] }> {
  const forgotten: string[] = []
  const skipped: string[] = []
  for (const { ID, Revision } of handles) {
    try {
      await context.datastore.delete({ kind: 'IPAMHandle', name: ID }, { revision: Revision }, call)
      forgotten.push(ID)
    } catch (error) {
      call.signal.throwIfAborted()
      context.log.debug('ipam.handle.not-forgotten', { handle: ID, error })
      skipped.push(ID)
    }
  }
  return { forgotten, skipped }
}
