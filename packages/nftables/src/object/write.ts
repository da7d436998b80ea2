import type { MessageWriter } from '@tortie/netlink'
import { dataTypes } from '../data-type.ts'
import { badValue } from '../errors.ts'
import { writeExpression } from '../expression/codec.ts'
import { keySize, typeNumber } from '../key.ts'
import { hookNumber } from './hook.ts'
import type {
  Chain,
  ChainRef,
  Flowtable,
  FlowtableRef,
  NftSet,
  Rule,
  RuleRef,
  SetRef,
  Table,
  TableRef,
} from './object.ts'
import { setUserData } from './set-user-data.ts'

/** Attributes of linux/netfilter/nf_tables.h: each function writes those of one object after its nfgenmsg. */

export const NFT_DATA_VERDICT = 0xffffff00

/** Bits of NFTA_SET_FLAGS. */
export const setFlags = {
  anonymous: 0x1,
  constant: 0x2,
  interval: 0x4,
  map: 0x8,
  timeout: 0x10,
  dynamic: 0x20,
  concat: 0x80,
} as const

export function writeTable(writer: MessageWriter, table: Table | TableRef): void {
  writer.attrString(1, table.name)
  if ('dormant' in table) writer.attrU32Be(2, 1)
  else writer.attrU32Be(2, 0)
  if ('userData' in table && table.userData) writer.attrBytes(6, table.userData)
}

export function writeTableRef(writer: MessageWriter, table: TableRef): void {
  writer.attrString(1, table.name)
}

export function writeChain(writer: MessageWriter, chain: Chain | ChainRef): void {
  writer.attrString(1, chain.table.name).attrString(3, chain.name)
  const base = 'base' in chain ? chain.base : undefined
  if (base) {
    const number = hookNumber(chain.table.family, base.hook)
    if (number === undefined)
      throw badValue(`chain ${chain.name}`, `family ${chain.table.family} has no hook ${base.hook}`)
    writer.attrString(7, base.type).attrU32Be(5, base.policy === 'accept' ? 1 : 0)
    writer.beginNested(4).attrU32Be(1, number).attrU32Be(2, base.priority)
    writeDevices(writer, base.devices)
    writer.endNested()
  }
  if ('userData' in chain && chain.userData) writer.attrBytes(12, chain.userData)
}

/** One device as NFTA_HOOK_DEV, several as NFTA_HOOK_DEVS. */
function writeDevices(writer: MessageWriter, devices: readonly string[] | undefined): void {
  const [first, second] = devices ?? []
  if (first === undefined || devices === undefined) return
  if (second === undefined) {
    writer.attrString(3, first)
    return
  }
  writer.beginNested(4)
  for (const device of devices) writer.attrString(1, device)
  writer.endNested()
}

export function writeChainRef(writer: MessageWriter, chain: ChainRef): void {
  writer.attrString(1, chain.table.name).attrString(3, chain.name)
}

/** @param id of the set in its transaction */
export function writeSet(writer: MessageWriter, set: NftSet, id: number): void {
  const several = set.key.length > 1
  const flags =
    (set.anonymous ? setFlags.anonymous : 0) |
    (set.constant ? setFlags.constant : 0) |
    (set.interval ? setFlags.interval : 0) |
    (set.data ? setFlags.map : 0) |
    (set.timeout ? setFlags.timeout : 0) |
    (set.dynamic ? setFlags.dynamic : 0) |
    (set.interval && several ? setFlags.concat : 0)
  writer.attrString(1, set.table.name).attrString(2, set.name).attrU32Be(3, flags)
  writer.attrU32Be(4, typeNumber(set.key)).attrU32Be(5, keySize(set.key))
  if (set.data === 'verdict') writer.attrU32Be(6, NFT_DATA_VERDICT).attrU32Be(7, 0)
  else if (set.data) writer.attrU32Be(6, typeNumber(set.data)).attrU32Be(7, keySize(set.data))
  writer.attrU32Be(10, id)
  if (set.policy) writer.attrU32Be(8, 1)
  if (set.size !== undefined || (set.interval && several)) {
    writer.beginNested(9)
    if (set.size !== undefined) writer.attrU32Be(1, set.size)
    if (set.interval && several) writeFields(writer, set)
    writer.endNested()
  }
  if (set.timeoutMs !== undefined) writer.attrU64Be(11, set.timeoutMs)
  if (set.gcIntervalMs !== undefined) writer.attrU32Be(12, set.gcIntervalMs)
  writer.attrBytes(13, setUserData(set))
}

/** NFTA_SET_DESC_CONCAT: the length of each field, which pipapo looks up one after the other. */
function writeFields(writer: MessageWriter, set: NftSet): void {
  writer.beginNested(2)
  for (const type of set.key) writer.beginNested(1).attrU32Be(1, dataTypes[type].size).endNested()
  writer.endNested()
}

export function writeSetRef(writer: MessageWriter, set: SetRef): void {
  writer.attrString(1, set.table.name).attrString(2, set.name)
}

export function writeRule(writer: MessageWriter, rule: Rule): void {
  writer.attrString(1, rule.chain.table.name).attrString(2, rule.chain.name)
  if (rule.handle !== undefined) writer.attrU64Be(3, rule.handle)
  if (rule.position !== undefined) writer.attrU64Be(6, rule.position)
  writer.beginNested(4)
  for (const expression of rule.expressions) writeExpression(writer, expression)
  writer.endNested()
  if (rule.userData) writer.attrBytes(7, rule.userData)
}

export function writeRuleRef(writer: MessageWriter, rule: RuleRef): void {
  writer.attrString(1, rule.chain.table.name).attrString(2, rule.chain.name).attrU64Be(3, rule.handle)
}

/** All rules of a chain, for flush. */
export function writeRulesOf(writer: MessageWriter, target: TableRef | ChainRef): void {
  if (target.kind === 'table') writer.attrString(1, target.name)
  else writer.attrString(1, target.table.name).attrString(2, target.name)
}

export function writeFlowtable(writer: MessageWriter, flowtable: Flowtable): void {
  writer.attrString(1, flowtable.table.name).attrString(2, flowtable.name)
  writer.beginNested(3).attrU32Be(1, 0).attrU32Be(2, flowtable.priority).beginNested(3)
  for (const device of flowtable.devices) writer.attrString(1, device)
  writer.endNested().endNested()
  if (flowtable.counter) writer.attrU32Be(7, 2)
}

export function writeFlowtableRef(writer: MessageWriter, flowtable: FlowtableRef): void {
  writer.attrString(1, flowtable.table.name).attrString(2, flowtable.name)
}
