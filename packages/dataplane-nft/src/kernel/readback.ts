import type { NetlinkTransport } from '@tortie/netlink'
import {
  type Chain,
  type Element,
  NftablesError,
  type NftSet,
  type Verdict as NftVerdict,
  type Rule,
  readChains,
  readElements,
  readGeneration,
  readPacked,
  readRules,
  readSets,
  readTables,
  type TableRef,
} from '@tortie/nftables'
import type { Call } from '@tortie/runtime'
import { NftDataplaneError } from '../errors.ts'
import type { SetHeader, Verdict } from '../render/ruleset.ts'
import type { Wanted } from '../render/wanted.ts'
import { formatKey, keyBytes } from './key-text.ts'
import { encodeSet } from './sets.ts'

/** What the kernel holds of our table, as of one generation. */
export interface KernelTable {
  readonly generation: number
  readonly exists: boolean
  /** Somebody has put it to sleep: its base chains see nothing. */
  readonly dormant: boolean
  readonly chains: ReadonlyMap<string, Chain>
  readonly rules: ReadonlyMap<string, readonly Rule[]>
  readonly sets: ReadonlyMap<string, NftSet>
  /** Of sets that are wanted and have the right shape. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, Verdict | null>>
}

const attempts = 10

/** Reads our table and nothing else. @throws NftDataplaneError `dataplane-nft/read-failed` when it never holds still */
export async function readTable(
  transport: NetlinkTransport,
  table: TableRef,
  wanted: Wanted,
  call: Call,
): Promise<KernelTable> {
  let cause: unknown
  const direct = withoutThreads(transport)
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await readOnce(direct, table, wanted, call)
    } catch (error) {
      if (!(error instanceof NftablesError) || !isPassing(error)) throw error
      cause = error
    }
  }
  throw new NftDataplaneError('dataplane-nft/read-failed', { table: table.name, attempts }, { cause })
}

/** The event loop gets a turn this often. */
const turnMs = 5

/**
 * PERF: reading a table is a thousand small questions, and a hop to a thread for each costs more than the answer: 1,000
 * sets take 44 ms with it and 23 ms without.
 */
function withoutThreads(transport: NetlinkTransport): NetlinkTransport {
  let turn = performance.now()
  return {
    portId: transport.portId,
    exchangeSync: (request) => transport.exchangeSync(request),
    async exchange(request, { signal }) {
      signal.throwIfAborted()
      if (performance.now() - turn > turnMs) {
        await new Promise((resolve) => setImmediate(resolve))
        turn = performance.now()
      }
      return transport.exchangeSync(request)
    },
    [Symbol.dispose]: () => undefined,
  }
}

function isPassing({ code }: NftablesError): boolean {
  return code === 'nftables/dump-interrupted' || code === 'nftables/missing'
}

async function readOnce(
  transport: NetlinkTransport,
  table: TableRef,
  wanted: Wanted,
  call: Call,
): Promise<KernelTable> {
  const generation = await readGeneration(transport, call)
  const found = (await readTables(transport, call, table.family)).find(({ name }) => name === table.name)
  const state = { generation, exists: found !== undefined, dormant: found?.dormant ?? false }
  if (!found) return { ...state, chains: new Map(), rules: new Map(), sets: new Map(), elements: new Map() }
  const chains = await readChains(transport, table, call)
  const sets = (await readSets(transport, table, call)).filter(({ anonymous }) => !anonymous)
  const rules = await readRules(transport, table, call)
  const elements = new Map<string, ReadonlyMap<string, Verdict | null>>()
  for (const set of sets) {
    const header = wanted.sets.get(set.name)?.header
    if (header && sameShape(set, header)) elements.set(set.name, await readKeys(transport, set, header, call))
  }
  if ((await readGeneration(transport, call)) !== generation)
    throw new NftablesError('nftables/dump-interrupted', { what: `table ${table.name}` })
  return {
    ...state,
    chains: new Map(chains.map((chain) => [chain.name, chain])),
    rules: Map.groupBy(rules, ({ chain }) => chain.name),
    sets: new Map(sets.map((set) => [set.name, set])),
    elements,
  }
}

export function sameShape(set: NftSet, header: SetHeader): boolean {
  const wanted = encodeSet(set.table, header)
  const unusual = set.timeout ?? set.dynamic ?? set.constant
  return (
    set.key.join() === wanted.key.join() &&
    set.interval === wanted.interval &&
    set.data === wanted.data &&
    unusual === undefined
  )
}

async function readKeys(
  transport: NetlinkTransport,
  set: NftSet,
  header: SetHeader,
  call: Call,
): Promise<Map<string, Verdict | null>> {
  const size = keyBytes(header)
  const found = new Map<string, Verdict | null>()
  if (!header.verdicts) {
    const { count, keys, ends = keys } = await readPacked(transport, set, call)
    for (let i = 0; i < count; i++) found.set(formatKey(header, keys, ends, i * size), null)
    return found
  }
  const elements = await readElements(transport, set, call)
  const whole = header.interval && header.fields.length === 1 ? pairEnds(elements) : elements
  for (const { key, keyEnd, verdict } of whole)
    if (key) found.set(formatKey(header, key, keyEnd ?? key, 0), verdictOf(verdict))
  return found
}

/** Sets of one field keep a range as its first key and the key after its last: joined here, in ascending order. */
function pairEnds(elements: readonly Element[]): Element[] {
  const sorted = elements.toSorted((a, b) => compareKeys(a, b))
  return sorted.flatMap((element, index) => {
    if (element.intervalEnd || !element.key) return []
    const next = sorted[index + 1]
    const keyEnd = next?.intervalEnd && next.key ? before(next.key) : element.key.map(() => 0xff)
    return [{ ...element, keyEnd }]
  })
}

function compareKeys(a: Element, b: Element): number {
  for (const [index, byte] of (a.key ?? new Uint8Array()).entries()) {
    const difference = byte - (b.key?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return Number(b.intervalEnd ?? false) - Number(a.intervalEnd ?? false)
}

/** The key before. */
function before(key: Uint8Array): Uint8Array {
  const bytes = key.slice()
  for (let i = bytes.length - 1; i >= 0; i--) {
    const next = ((bytes[i] ?? 0) - 1) & 0xff
    bytes[i] = next
    if (next !== 0xff) break
  }
  return bytes
}

function verdictOf(verdict: NftVerdict | undefined): Verdict | null {
  if (verdict?.kind === 'jump' || verdict?.kind === 'goto') return { go: verdict.kind, chain: verdict.chain }
  if (verdict?.kind === 'accept' || verdict?.kind === 'drop' || verdict?.kind === 'return') return { go: verdict.kind }
  return null
}
