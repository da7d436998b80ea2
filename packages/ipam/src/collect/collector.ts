import type { BlockAffinity, IPAMBlock, IPAMHandle } from '@tortie/model'
import { type Owner, ownerOf, stateOf } from '../affinity/affinity.ts'
import { type Block, isEmpty, windowsReservation } from '../block/block.ts'
import { coldSince, collectBlock } from '../block/cooldown.ts'
import { ordinalsOf } from '../block/release.ts'
import { type Allocation, allocationsOf, tunnelTypes } from '../report/allocations.ts'

export interface CollectInput {
  readonly blocks: readonly IPAMBlock[]
  readonly affinities: readonly BlockAffinity[]
  readonly handles: readonly IPAMHandle[]
  readonly cooldownSeconds: number
  /** `unknown`: nothing of this node is touched. */
  readonly nodeState: (node: string) => 'exists' | 'gone' | 'unknown'
  /** Whether what an address was given to is still there. `unknown` counts as in use. */
  readonly usage: (allocation: Allocation) => 'used' | 'leaked' | 'unknown'
  /** Nodes whose empty blocks are kept, during a migration. */
  readonly keepsBlocks?: (node: string) => boolean
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

export interface CollectPlan {
  /** Only if they still are what was seen. */
  readonly releases: readonly { readonly address: string; readonly handle: string; readonly sequenceNumber: bigint }[]
  /** Blocks to give up if they are empty. */
  readonly affinities: readonly { readonly owner: Owner; readonly cidr: string }[]
  /** Blocks to write again: addresses in them have rested enough, or they are empty and nobody's. */
  readonly blocks: readonly string[]
  /** Handles that count what they do not hold. */
  readonly handles: readonly { readonly handle: string; readonly cidr: string }[]
  /** Leaked, and not yet for long enough. */
  readonly candidates: number
}

/** Remembers since when what looks lost looks so. One plan after another on what is then stored. */
export interface Collector {
  plan(input: CollectInput): CollectPlan
}

/** An address in use by a virtual machine's pod changes hands during a migration. */
const minVmGraceMs = 300_000
/** Most addresses of one plan. */
const maxReleases = 10_000

/**
 * Garbage collection as a calculation: finds addresses whose users are gone, blocks nobody needs, and what crashes left
 * behind. Nothing is touched the first time it looks lost, but what belongs to a node that is gone. Spec 03 §18.
 * @param leakGraceMs how long an address must look leaked; 0 or undefined: addresses of existing nodes are never released
 */
export function createCollector({ leakGraceMs = 0 }: { readonly leakGraceMs?: number } = {}): Collector {
  return new Memory(leakGraceMs)
}

class Memory implements Collector {
  readonly #leakGraceMs: number
  /** What looked lost in the last plan, by a key that changes when it is touched, and since when. */
  #since = new Map<string, number>()

  constructor(leakGraceMs: number) {
    this.#leakGraceMs = leakGraceMs
  }

  plan(input: CollectInput): CollectPlan {
    const before = this.#since
    this.#since = new Map()
    const age = (key: string): number | undefined => {
      const since = before.get(key)
      this.#since.set(key, since ?? input.nowMs)
      return since === undefined ? undefined : input.nowMs - since
    }
    const { leaked, candidates, cleared } = findLeaks(input, this.#leakGraceMs, age)
    return {
      releases: leaked.map(({ address, handle, sequenceNumber }) => ({ address, handle, sequenceNumber })),
      affinities: [...unusedBlocks(input, this.#leakGraceMs, cleared, age), ...abandonedClaims(input, age)],
      blocks: input.blocks.filter((block) => wantsWriting(block.spec, input)).map(({ spec }) => spec.cidr),
      handles: overcountingHandles(input, age),
      candidates,
    }
  }
}

type Age = (key: string) => number | undefined

interface Leaks {
  readonly leaked: readonly Allocation[]
  readonly candidates: number
  /** Nodes that are gone and hold nothing that is in use. */
  readonly cleared: ReadonlySet<string>
}

/** Table of spec 03 §18 `checkAllocations`; first match decides. */
function findLeaks(input: CollectInput, graceMs: number, age: Age): Leaks {
  const byNode = Map.groupBy(
    input.blocks.flatMap(({ spec }) => allocationsOf(spec)),
    nodeOf,
  )
  for (const { spec } of input.blocks) {
    const owner = ownerOf(spec)
    if (owner?.type === 'host' && !byNode.has(owner.name)) byNode.set(owner.name, [])
  }
  const confirmed = new Set<Allocation>()
  const cleared = new Set<string>()
  let candidates = 0
  for (const [node, allocations] of byNode) {
    const state = node === '' ? 'exists' : input.nodeState(node)
    if (state === 'unknown') continue
    let blocked = state !== 'gone'
    for (const allocation of allocations) {
      if (isOutOfScope(allocation) || isTunnel(allocation)) continue
      if (input.usage(allocation) !== 'leaked') {
        blocked = true
        continue
      }
      const lostMs = age(`${allocation.handle}/${allocation.address}@${allocation.sequenceNumber}`)
      const needed = state === 'gone' ? 0 : graceFor(allocation, graceMs)
      if (needed !== undefined && (needed === 0 || (lostMs ?? -1) >= needed)) confirmed.add(allocation)
      else {
        blocked = true
        candidates++
      }
    }
    if (blocked) continue
    cleared.add(node)
    for (const allocation of allocations) if (isTunnel(allocation)) confirmed.add(allocation)
  }
  return { leaked: wholeHandles(byNode, confirmed), candidates, cleared }
}

const nodeOf = ({ node = '' }: Allocation): string => node

function isOutOfScope({ handle, coolingDown }: Allocation): boolean {
  return coolingDown || handle === '' || handle.toLowerCase() === windowsReservation.handle
}

function isTunnel({ attributes }: Allocation): boolean {
  return tunnelTypes.has(attributes.type ?? '')
}

/** Undefined: never. */
function graceFor({ attributes }: Allocation, graceMs: number): number | undefined {
  if (attributes['vmi-name'] !== undefined) return Math.max(minVmGraceMs, graceMs)
  return graceMs > 0 ? graceMs : undefined
}

/** Addresses are released only if everything their handle holds is leaked: a user's IPv4 and IPv6 address live together. */
function wholeHandles(
  byNode: ReadonlyMap<string, readonly Allocation[]>,
  confirmed: ReadonlySet<Allocation>,
): Allocation[] {
  const kept = new Set<string>()
  for (const allocations of byNode.values())
    for (const allocation of allocations) if (!confirmed.has(allocation)) kept.add(allocation.handle)
  return [...confirmed].filter(({ handle }) => !kept.has(handle)).slice(0, maxReleases)
}

/** Blocks of nodes that are gone, and blocks that a node with another one has not used for a while. */
function unusedBlocks(
  input: CollectInput,
  graceMs: number,
  cleared: ReadonlySet<string>,
  age: Age,
): CollectPlan['affinities'] {
  const owned = Map.groupBy(
    input.blocks.filter(({ spec }) => ownerOf(spec)?.type === 'host'),
    ({ spec }) => ownerOf(spec)?.name ?? '',
  )
  const found: { owner: Owner; cidr: string }[] = []
  for (const [node, blocks] of owned) {
    const owner: Owner = { type: 'host', name: node }
    let left = blocks.length
    for (const { spec } of blocks) {
      if (cleared.has(node)) {
        found.push({ owner, cidr: spec.cidr })
        continue
      }
      // Addresses that rest or are reserved keep a block: it is in use, or will be again.
      if (spec.allocations.some((index) => index !== null)) continue
      const emptyMs = age(`block ${spec.cidr}@${spec.sequenceNumber}`) ?? 0
      if (graceMs <= 0 || emptyMs < graceMs || left <= 1 || input.keepsBlocks?.(node)) continue
      found.push({ owner, cidr: spec.cidr })
      left--
    }
  }
  return found
}

/** Claims that were announced, or releases that were begun, by a process that died before the block was made, or after
 *  it was gone. Seen twice unchanged. */
function abandonedClaims({ affinities, blocks }: CollectInput, age: Age): CollectPlan['affinities'] {
  const existing = new Set(blocks.map(({ spec }) => spec.cidr))
  return affinities
    .filter(({ spec }) => stateOf(spec) !== 'confirmed' && !existing.has(spec.cidr))
    .filter(({ metadata }) => age(`affinity ${metadata.name}@${metadata.resourceVersion}`) !== undefined)
    .map(({ spec }) => ({ owner: { type: spec.type || 'host', name: spec.node }, cidr: spec.cidr }))
}

/**
 * Calico writes a block again when its addresses have rested enough, and forgets blocks that become empty only then and
 * are nobody's (spec 03 T15); here they are found too.
 */
function wantsWriting(block: Block, { cooldownSeconds, nowMs }: CollectInput): boolean {
  const rested = coldSince(block)
  if (rested !== undefined && rested <= nowMs - cooldownSeconds * 1_000) return true
  return !block.affinity && isEmpty(collectBlock(block, cooldownSeconds, nowMs))
}

/** Seen twice unchanged: an assignment counts before it writes the block. */
function overcountingHandles({ blocks, handles }: CollectInput, age: Age): CollectPlan['handles'] {
  const byCidr = new Map(blocks.map(({ spec }) => [spec.cidr, spec]))
  const found: { handle: string; cidr: string }[] = []
  for (const { metadata, spec } of handles)
    for (const [cidr, count] of Object.entries(spec.block ?? {})) {
      const block = byCidr.get(cidr)
      const held = block ? ordinalsOf(block, spec.handleID).length : 0
      const key = `handle ${spec.handleID} ${cidr}@${metadata.resourceVersion}`
      if (count > held && age(key) !== undefined) found.push({ handle: spec.handleID, cidr })
    }
  return found
}
