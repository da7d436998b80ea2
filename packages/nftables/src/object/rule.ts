import type { MessageWriter } from '@tortie/netlink'
import { readExpressions, writeExpressions } from '../expression/codec.ts'
import type { Expression } from '../expression/expression.ts'
import { bytes, type Format, field, optional, string, u64Be } from '../wire/field.ts'
import { recordFormat } from '../wire/record.ts'
import type { Family } from './family.ts'
import type { ChainRef, Rule, RuleRef, TableRef } from './object.ts'
import { tableRef } from './table.ts'

/** enum nft_rule_attributes. */
interface RuleRecord {
  readonly table: string
  readonly chain?: string | undefined
  readonly handle?: bigint | undefined
  readonly position?: bigint | undefined
  readonly expressions?: readonly Expression[] | undefined
  readonly userData?: Uint8Array | undefined
}

const expressions: Format<readonly Expression[]> = { write: writeExpressions, read: readExpressions }

const record = recordFormat<RuleRecord>(
  'rule',
  {
    table: field(1, string),
    chain: optional(2, string),
    handle: optional(3, u64Be),
    position: optional(6, u64Be),
    expressions: optional(4, expressions),
    userData: optional(7, bytes),
  },
  {},
)

export function writeRule(writer: MessageWriter, { chain, handle, position, expressions, userData }: Rule): void {
  record.write(writer, { table: chain.table.name, chain: chain.name, handle, position, expressions, userData })
}

export function writeRuleRef(writer: MessageWriter, { chain, handle }: RuleRef): void {
  record.write(writer, { table: chain.table.name, chain: chain.name, handle })
}

/** All rules of a chain or table. */
export function writeRulesOf(writer: MessageWriter, target: TableRef | ChainRef): void {
  if (target.kind === 'table') record.write(writer, { table: target.name })
  else record.write(writer, { table: target.table.name, chain: target.name })
}

export function readRule(view: DataView, start: number, end: number, family: Family): Rule {
  const { table, chain = '', handle, position, expressions = [], userData } = record.read(view, start, end)
  return {
    kind: 'rule',
    chain: { kind: 'chain', table: tableRef(family, table), name: chain },
    expressions,
    ...(handle !== undefined && { handle }),
    ...(position !== undefined && { position }),
    ...(userData && { userData }),
  }
}
