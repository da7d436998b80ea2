import { overlaps, type Prefix, parsePrefix } from '@tortie/ip'
import { defaultBlockSize, type FieldError, ModelError, poolOverlaps, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError, describeKey } from '../errors.ts'
import { retryConflicts } from './conflicts.ts'
import type { ClientContext } from './ports.ts'
import type { DeleteOptions } from './rules.ts'

type Pool = ResourceOf<'IPPool'>

/**
 * A new pool shares no address with another, and blocks that are left in it from an earlier one have its block size
 * (spec 01 §1.11). @throws ModelError model/invalid
 */
export async function checkNewPool({ datastore }: ClientContext, pool: Pool, call: Call): Promise<void> {
  const { items: pools } = await datastore.list({ kind: 'IPPool' }, call)
  const fields = [...poolOverlaps(pool, pools)]
  if (fields.length === 0) {
    const { items: blocks } = await datastore.list({ kind: 'IPAMBlock' }, call)
    fields.push(...blockSizeErrors(pool, blocks))
  }
  if (fields.length > 0) throw new ModelError('model/invalid', { subject: subjectOf(pool), fields })
}

function blockSizeErrors(pool: Pool, blocks: readonly ResourceOf<'IPAMBlock'>[]): FieldError[] {
  const prefix = parsePrefix(pool.spec.cidr)
  const blockSize = pool.spec.blockSize || defaultBlockSize(prefix.family)
  const differs = (block: Prefix): boolean => block.length !== blockSize && overlaps(prefix, block)
  const wrong = blocks.find(({ spec }) => differs(parsePrefix(spec.cidr)))
  if (wrong === undefined) return []
  const reason =
    `IPPool blocksize conflicts with existing allocations that use a different blocksize: the block ${wrong.spec.cidr} ` +
    'is in use; give its size, or release its addresses first'
  return [{ path: 'spec.blockSize', value: blockSize, reason }]
}

/** How long allocations that have read the pool before it was disabled are given to end. */
const settleMs = 500

/**
 * Disables the pool, lets running allocations end, gives up its blocks, deletes it. Addresses in use stay, in blocks that
 * are nobody's. Cut short, it leaves a disabled pool, which can be deleted again (spec 01 §1.11, §6 trap 9).
 * @throws DatastoreError Unsupported without IPAM
 */
export async function deletePool(
  context: ClientContext,
  key: ResourceKey<'IPPool'>,
  options: DeleteOptions,
  call: Call,
): Promise<Pool> {
  const { datastore, clock, ipam } = context
  if (ipam === undefined)
    throw new DatastoreError('Unsupported', {
      ...key,
      operation: 'delete',
      reason: 'no IPAM is there to give up its blocks',
    })
  const pool = await disable(context, key, options, call)
  await clock.sleep(settleMs, call)
  await ipam.releasePoolAffinities(pool.spec.cidr, call)
  return await datastore.delete(key, {}, call)
}

async function disable(
  context: ClientContext,
  key: ResourceKey<'IPPool'>,
  { revision }: DeleteOptions,
  call: Call,
): Promise<Pool> {
  const attempt = async (): Promise<Pool> => {
    const pool = await context.datastore.get(key, call)
    const { metadata, spec } = pool
    if (revision !== undefined && revision !== metadata.resourceVersion)
      throw new DatastoreError('Conflict', { ...key, revision })
    return spec.disabled ? pool : await context.datastore.update({ ...pool, spec: { ...spec, disabled: true } }, call)
  }
  return revision === undefined ? await retryConflicts(attempt, context, call) : await attempt()
}

function subjectOf({ metadata: { name } }: Pool): string {
  return describeKey({ kind: 'IPPool', name })
}
