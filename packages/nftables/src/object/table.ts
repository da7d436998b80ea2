import type { MessageWriter } from '@tortie/netlink'
import { bytes, field, optional, string, u32Be, u64Be } from '../wire/field.ts'
import { recordFormat } from '../wire/record.ts'
import type { Family } from './family.ts'
import type { Table, TableRef } from './object.ts'

/** enum nft_table_attributes. */
interface TableRecord {
  readonly name: string
  readonly flags?: number | undefined
  readonly handle?: bigint | undefined
  readonly userData?: Uint8Array | undefined
}

const NFT_TABLE_F_DORMANT = 1
const record = recordFormat<TableRecord>(
  'table',
  {
    name: field(1, string),
    flags: optional(2, u32Be),
    handle: optional(4, u64Be),
    userData: optional(6, bytes),
  },
  {},
)

export function writeTable(writer: MessageWriter, { name, dormant, userData }: Table): void {
  record.write(writer, { name, flags: dormant ? NFT_TABLE_F_DORMANT : 0, userData })
}

export function writeTableRef(writer: MessageWriter, { name }: TableRef): void {
  record.write(writer, { name })
}

export function readTable(view: DataView, start: number, end: number, family: Family): Table {
  const { name, flags = 0, handle, userData } = record.read(view, start, end)
  return {
    ...tableRef(family, name),
    ...((flags & NFT_TABLE_F_DORMANT) !== 0 && { dormant: true }),
    ...(userData && { userData }),
    ...(handle !== undefined && { handle }),
  }
}

export function tableRef(family: Family, name: string): TableRef {
  return { kind: 'table', family, name }
}
