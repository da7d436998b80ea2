/**
 * nf_tables objects and rule expressions to and from netlink messages; transactions as values; readback. Speaks the words
 * of linux/netfilter/nf_tables.h and of nft. Knows no socket and no Calico.
 */
export { action, type LimitOptions, type NatOptions } from './build/action.ts'
export { type Concatenation, concat, createField, type Field } from './build/field.ts'
export { match } from './build/match.ts'
export { rule } from './build/rule.ts'
export { type Needs, raw, type Term } from './build/term.ts'
export { type DataType, dataTypes, type KeyType, type Value } from './data-type.ts'
export { element, packAddresses, packKeys, packPrefixes, packRanges, range, verdictElement } from './element/pack.ts'
export {
  isRefusedWith,
  NftablesError,
  type NftablesErrorCode,
  type RefusedFacts,
  type RefusedOperation,
} from './errors.ts'
export { expressionKinds } from './expression/codec.ts'
export type { Expression, ExpressionKind, ExpressionOf } from './expression/expression.ts'
export type {
  CmpOp,
  CtDirection,
  CtKey,
  FibFlag,
  FibResult,
  LogFlag,
  LogLevel,
  MetaKey,
  NatFlag,
  PayloadBase,
  RtKey,
  SocketKey,
} from './expression/names.ts'
export { formatOperation } from './format/head.ts'
export { type FormatOptions, formatRule, formatTransaction } from './format/transaction.ts'
export { decodeKey, encodeKey, encodeValue, keySize } from './key.ts'
export {
  createChain,
  createElements,
  createMap,
  createPackedElements,
  createRule,
  createSet,
  createTable,
  type SetOptions,
} from './object/create.ts'
export type { Family } from './object/family.ts'
export { type ChainType, type Hook, priorities } from './object/hook.ts'
export type {
  BaseHook,
  Chain,
  ChainRef,
  Element,
  Elements,
  Flowtable,
  FlowtableRef,
  NftObject,
  NftSet,
  PackedElements,
  Rule,
  RuleRef,
  SetRef,
  Table,
  TableRef,
} from './object/object.ts'
export type { Layer } from './packet/headers.ts'
export { readElements, readPacked } from './read/elements.ts'
export { readGeneration } from './read/generation.ts'
export { readChains, readFlowtables, readRules, readSets, readTables } from './read/objects.ts'
export { readTableContents, type TableContents } from './read/ruleset.ts'
export {
  type CommitOptions,
  type CommitResult,
  checkSync,
  commit,
  commitSync,
  syncLimitBytes,
} from './transaction/commit.ts'
export { type DecodedOperation, decodeTransaction } from './transaction/decode.ts'
export { type EncodedTransaction, type EncodeOptions, encodeTransaction } from './transaction/encode.ts'
export type { Addable, Creatable, Deletable, Flushable, Operation, Verb } from './transaction/operation.ts'
export { createTransaction, type Transaction } from './transaction/transaction.ts'
export {
  comment,
  commentOf,
  commentType,
  decodeUserData,
  encodeUserData,
  setComment,
  setCommentType,
  type UserDatum,
} from './user-data.ts'
export { formatVerdict, type Verdict } from './verdict.ts'
