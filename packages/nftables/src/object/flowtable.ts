import type { MessageWriter } from '@tortie/netlink'
import { bit, field, list, nested, optional, string, u32Be, u64Be } from '../wire/field.ts'
import { recordFormat } from '../wire/record.ts'
import type { Family } from './family.ts'
import type { Flowtable, FlowtableRef } from './object.ts'
import { tableRef } from './table.ts'

/** enum nft_flowtable_attributes, nft_flowtable_hook_attributes. */
interface FlowtableRecord {
  readonly table: string
  readonly name: string
  readonly hook?: HookRecord | undefined
  readonly counter?: true | undefined
  readonly handle?: bigint | undefined
}
interface HookRecord {
  readonly number: number
  readonly priority: number
  readonly devices?: readonly string[] | undefined
}

const NFT_FLOWTABLE_COUNTER = 2
const hook = recordFormat<HookRecord>(
  'flowtable hook',
  { number: field(1, u32Be), priority: field(2, u32Be), devices: optional(3, list(1, string)) },
  {},
)
const record = recordFormat<FlowtableRecord>(
  'flowtable',
  {
    table: field(1, string),
    name: field(2, string),
    hook: optional(3, nested(hook)),
    counter: optional(7, bit(NFT_FLOWTABLE_COUNTER)),
    handle: optional(5, u64Be),
  },
  {},
)

/** The hook of a flow table is always ingress. */
export function writeFlowtable(writer: MessageWriter, { table, name, priority, devices, counter }: Flowtable): void {
  record.write(writer, { table: table.name, name, hook: { number: 0, priority, devices }, counter })
}

export function writeFlowtableRef(writer: MessageWriter, { table, name }: FlowtableRef): void {
  record.write(writer, { table: table.name, name })
}

export function readFlowtable(view: DataView, start: number, end: number, family: Family): Flowtable {
  const { table, name, hook, counter, handle } = record.read(view, start, end)
  return {
    kind: 'flowtable',
    table: tableRef(family, table),
    name,
    priority: (hook?.priority ?? 0) | 0,
    devices: hook?.devices ?? [],
    ...(counter && { counter }),
    ...(handle !== undefined && { handle }),
  }
}
