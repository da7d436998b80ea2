import type {
  Chain,
  ChainRef,
  Elements,
  Flowtable,
  FlowtableRef,
  NftSet,
  PackedElements,
  Rule,
  RuleRef,
  SetRef,
  Table,
  TableRef,
} from '../object/object.ts'

/** In the kernel's and nft's words. */
export type Verb = 'add' | 'create' | 'insert' | 'replace' | 'delete' | 'destroy' | 'flush'

/** `add`: there afterwards, whether or not it was before; for rules, at the end of the chain or behind `position`. */
export type Addable = Table | Chain | NftSet | Rule | Elements | PackedElements | Flowtable
/** `create`: as add, but fails when it is there (EEXIST). */
export type Creatable = Exclude<Addable, Rule>
/** `delete`: fails when it is not there (ENOENT). */
export type Deletable = TableRef | ChainRef | SetRef | RuleRef | Elements | PackedElements | FlowtableRef
/** `flush`: empties; a table, of the rules of all its chains. */
export type Flushable = TableRef | ChainRef | SetRef

export type Operation =
  | { readonly verb: 'add'; readonly object: Addable }
  | { readonly verb: 'create'; readonly object: Creatable }
  /** At the start of the chain or before `position`. */
  | { readonly verb: 'insert'; readonly object: Rule }
  /** Of the rule with `handle`. */
  | { readonly verb: 'replace'; readonly object: Rule & RuleRef }
  | { readonly verb: 'delete'; readonly object: Deletable }
  /** As delete, but content when it is not there. Linux 6.3. */
  | { readonly verb: 'destroy'; readonly object: Deletable }
  | { readonly verb: 'flush'; readonly object: Flushable }
