import type { KeyType } from '../data-type.ts'
import type { Expression } from '../expression/expression.ts'
import type { Family } from './family.ts'
import type {
  BaseHook,
  Chain,
  ChainRef,
  Element,
  Elements,
  NftSet,
  PackedElements,
  Rule,
  Table,
  TableRef,
} from './object.ts'

/** `createTable('inet', 'tortie')`. */
export function createTable(family: Family, name: string, extra: Pick<Table, 'dormant' | 'userData'> = {}): Table {
  return { kind: 'table', family, name, ...extra }
}

/** A base chain with `base`, else a regular one. */
export function createChain(
  table: TableRef,
  name: string,
  base?: BaseHook,
  extra: Pick<Chain, 'userData'> = {},
): Chain {
  return { kind: 'chain', table, name, ...(base === undefined ? {} : { base }), ...extra }
}

export type SetOptions = Omit<NftSet, 'kind' | 'table' | 'name' | 'key' | 'data' | 'handle'>

/** `createSet(table, 'hosts', ['ipv4_addr'])`, `createSet(table, 'nets', ['ipv4_addr'], { interval: true })`. */
export function createSet(table: TableRef, name: string, key: KeyType, options: SetOptions = {}): NftSet {
  return { kind: 'set', table, name, key, ...options }
}

/** `createMap(table, 'dispatch', ['ifname'], 'verdict')`. */
export function createMap(
  table: TableRef,
  name: string,
  key: KeyType,
  data: 'verdict' | KeyType,
  options: SetOptions = {},
): NftSet {
  return { kind: 'set', table, name, key, data, ...options }
}

export function createElements(set: NftSet, elements: readonly Element[]): Elements {
  return { kind: 'elements', set, elements }
}

/** A rule from bare expressions; `rule` (build/rule.ts) makes one from readable terms. */
export function createRule(
  chain: ChainRef,
  expressions: readonly Expression[],
  extra: Pick<Rule, 'userData' | 'handle' | 'position'> = {},
): Rule {
  return { kind: 'rule', chain, expressions, ...extra }
}

/** See `packKeys`, `packAddresses` and `packPrefixes` for how to come by `keys` and `ends`. */
export function createPackedElements(
  set: NftSet,
  packed: Pick<PackedElements, 'count' | 'keys' | 'ends'>,
): PackedElements {
  return { kind: 'packed-elements', set, ...packed }
}
