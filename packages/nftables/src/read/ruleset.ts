import type { NetlinkTransport } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { NftablesError } from '../errors.ts'
import type { Chain, Element, Flowtable, NftSet, Rule, Table, TableRef } from '../object/object.ts'
import { readElements } from './elements.ts'
import { readGeneration } from './generation.ts'
import { readChains, readFlowtables, readRules, readSets, readTables } from './objects.ts'

/** Everything in one table, as of one generation. */
export interface TableContents {
  readonly generation: number
  /** undefined when it is not there. */
  readonly table: Table | undefined
  readonly chains: readonly Chain[]
  readonly sets: readonly NftSet[]
  readonly flowtables: readonly Flowtable[]
  /** In order within each chain. */
  readonly rules: readonly Rule[]
  /** By name of the set. */
  readonly elements: ReadonlyMap<string, readonly Element[]>
}

/** @throws NftablesError `dump-interrupted` when the ruleset changed meanwhile: read again */
export async function readTableContents(
  transport: NetlinkTransport,
  ref: TableRef,
  call: Call,
): Promise<TableContents> {
  const generation = await readGeneration(transport, call)
  const table = (await readTables(transport, call, ref.family)).find(({ name }) => name === ref.name)
  const chains = await readChains(transport, ref, call)
  const sets = await readSets(transport, ref, call)
  const flowtables = await readFlowtables(transport, ref, call)
  const rules = await readRules(transport, ref, call)
  const elements = new Map<string, readonly Element[]>()
  for (const set of sets) elements.set(set.name, await readElements(transport, set, call))
  if ((await readGeneration(transport, call)) !== generation)
    throw new NftablesError('nftables/dump-interrupted', { what: `table ${ref.family} ${ref.name}` })
  return { generation, table, chains, sets, flowtables, rules, elements }
}
