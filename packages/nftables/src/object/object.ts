import type { KeyType } from '../data-type.ts'
import type { Expression } from '../expression/expression.ts'
import type { Verdict } from '../verdict.ts'
import type { Family } from './family.ts'
import type { ChainType, Hook } from './hook.ts'

/** Names a table. */
export interface TableRef {
  readonly kind: 'table'
  readonly family: Family
  readonly name: string
}

export interface Table extends TableRef {
  /** Its base chains see nothing while set. */
  readonly dormant?: true
  /** TLVs, see `userData`; nft shows a comment. At most 256 bytes, here and below. */
  readonly userData?: Uint8Array
  readonly handle?: bigint
}

/** Names a chain. */
export interface ChainRef {
  readonly kind: 'chain'
  readonly table: TableRef
  readonly name: string
}

/** Where a base chain hangs. */
export interface BaseHook {
  readonly type: ChainType
  readonly hook: Hook
  /** Lower is earlier; -2^31 to 2^31-1. Type nat must be above -200. */
  readonly priority: number
  /** Only for hooks `ingress` and `egress`. */
  readonly devices?: readonly string[]
  /** What becomes of a packet that reaches the end. */
  readonly policy: 'accept' | 'drop'
}

export interface Chain extends ChainRef {
  /** Absent for a regular chain. */
  readonly base?: BaseHook
  readonly userData?: Uint8Array
  readonly handle?: bigint
}

/** Names a set or map. `id` stands for the name of an anonymous set within the transaction that makes it. */
export interface SetRef {
  readonly kind: 'set'
  readonly table: TableRef
  readonly name: string
  readonly id?: number
}

/** A set, or with `data` a map. */
export interface NftSet extends SetRef {
  /** One type, or the fields of a concatenation. */
  readonly key: KeyType
  /** Maps: what a key leads to. */
  readonly data?: 'verdict' | KeyType
  /** Elements are ranges: NFT_SET_INTERVAL, and NFT_SET_CONCAT when the key has several fields. */
  readonly interval?: true
  /** Cannot be changed once a rule uses it. */
  readonly constant?: true
  /** Goes with the rule that uses it. */
  readonly anonymous?: true
  /** Elements may time out. */
  readonly timeout?: true
  /** Rules may add elements. */
  readonly dynamic?: true
  /** Default time that an element lives. */
  readonly timeoutMs?: bigint
  readonly gcIntervalMs?: number
  /** Most elements that it may hold. */
  readonly size?: number
  readonly policy?: 'memory'
  /** nft's own notes about types are added when written and taken away when read; what is left, a comment for one. */
  readonly userData?: Uint8Array
  readonly handle?: bigint
}

/**
 * One element as the kernel holds it. An interval of a set with one field is two: its first key, and the key after its
 * last with `intervalEnd`. With several fields it is one, from `key` to `keyEnd` (both included) in every field.
 */
export interface Element {
  /** Absent only for the catch-all (`*`). */
  readonly key?: Uint8Array
  readonly keyEnd?: Uint8Array
  readonly intervalEnd?: true
  readonly data?: Uint8Array
  readonly verdict?: Verdict
  readonly timeoutMs?: bigint
  /** Time it has left. */
  readonly expirationMs?: bigint
  readonly userData?: Uint8Array
}

export interface Elements {
  readonly kind: 'elements'
  readonly set: NftSet
  readonly elements: readonly Element[]
}

/**
 * Many elements without an object for each: key `i` is `keys[i × keySize …]`; in a set of intervals it runs to the key in
 * `ends` at the same place, included. Only keys, no data.
 */
export interface PackedElements {
  readonly kind: 'packed-elements'
  readonly set: NftSet
  readonly count: number
  readonly keys: Uint8Array
  readonly ends?: Uint8Array
}

export interface Rule {
  readonly kind: 'rule'
  readonly chain: ChainRef
  readonly expressions: readonly Expression[]
  readonly userData?: Uint8Array
  /** The kernel's number for it; names it in `replace` and `delete`. */
  readonly handle?: bigint
  /** Handle of the rule that `add` puts it behind and `insert` before. */
  readonly position?: bigint
}

/** Names a rule. */
export interface RuleRef {
  readonly kind: 'rule'
  readonly chain: ChainRef
  readonly handle: bigint
}

/** Names a flow table. */
export interface FlowtableRef {
  readonly kind: 'flowtable'
  readonly table: TableRef
  readonly name: string
}

/** Forwards established flows past the hooks, by `flow-offload`. */
export interface Flowtable extends FlowtableRef {
  readonly priority: number
  readonly devices: readonly string[]
  readonly counter?: true
  readonly handle?: bigint
}

export type NftObject = Table | Chain | NftSet | Rule | Elements | PackedElements | Flowtable
