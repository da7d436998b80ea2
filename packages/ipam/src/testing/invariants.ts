import type { Datastore } from '@tortie/datastore'
import { formatOwner } from '../affinity/affinity.ts'
import { attributeAt, handleOf } from '../block/block.ts'
import { validateBlock } from '../block/validate.ts'
import { call } from './cluster.ts'

export interface StoreState {
  /** Address index to handle: `10.65.0.0/26+3 net.c1`. Cooling addresses are left out. */
  readonly allocations: readonly string[]
  readonly handles: readonly string[]
  readonly blocks: readonly string[]
  readonly affinities: readonly string[]
  /** Handles that count more than they hold: tolerated, left by crashes. */
  readonly overcounts: readonly string[]
  /** What must never be, in any state that a crash can leave. */
  readonly violations: readonly string[]
}

/** Reads the whole of IPAM's state and checks what must hold after every single write (spec 03 §23). */
export async function inspect(datastore: Datastore, nowMs: number): Promise<StoreState> {
  const blocks = (await datastore.list({ kind: 'IPAMBlock' }, call)).items
  const affinities = (await datastore.list({ kind: 'BlockAffinity' }, call)).items
  const handles = (await datastore.list({ kind: 'IPAMHandle' }, call)).items
  const violations: string[] = []
  const allocations: string[] = []
  const held = new Map<string, number>()
  for (const { spec } of blocks) {
    for (const wrong of validateBlock(spec, nowMs)) violations.push(`${spec.cidr}: ${wrong}`)
    for (const ordinal of spec.allocations.keys()) {
      const attribute = attributeAt(spec, ordinal)
      if (!attribute || attribute.releasedAt) continue
      const handle = handleOf(attribute)
      allocations.push(`${spec.cidr}+${ordinal} ${handle}`)
      if (handle !== '') held.set(`${handle} ${spec.cidr}`, (held.get(`${handle} ${spec.cidr}`) ?? 0) + 1)
    }
    const owned = affinities.some(({ spec: a }) => {
      return a.cidr === spec.cidr && formatOwner({ type: a.type, name: a.node }) === spec.affinity
    })
    if (spec.affinity && !owned) violations.push(`${spec.cidr} is affine to ${spec.affinity}, which has no affinity`)
  }
  for (const [key, count] of held) {
    const [handle, cidr = ''] = key.split(' ')
    const counted = handles.find(({ spec }) => spec.handleID === handle)?.spec.block[cidr] ?? 0
    if (counted < count) violations.push(`handle ${handle} counts ${counted} in ${cidr} and holds ${count}`)
  }
  const overcounts = handles.flatMap(({ spec: { handleID, block } }) =>
    Object.entries(block)
      .filter(([cidr, count]) => count > (held.get(`${handleID} ${cidr}`) ?? 0))
      .map(([cidr, count]) => `${handleID} counts ${count} in ${cidr}`),
  )
  return {
    allocations,
    overcounts,
    handles: handles.map(({ spec }) => `${spec.handleID} ${JSON.stringify(spec.block)}`),
    blocks: blocks.map(({ spec }) => `${spec.cidr} ${spec.affinity}`),
    affinities: affinities.map(({ spec }) => `${spec.type}:${spec.node} ${spec.cidr} ${spec.state}`),
    violations,
  }
}
