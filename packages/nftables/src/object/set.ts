import type { MessageWriter } from '@tortie/netlink'
import { dataTypes, type KeyType } from '../data-type.ts'
import { keySize, typeNumber, typeOfNumber } from '../key.ts'
import { bytes, field, list, nested, optional, string, u32Be, u64Be } from '../wire/field.ts'
import { recordFormat } from '../wire/record.ts'
import type { Family } from './family.ts'
import type { NftSet, SetRef } from './object.ts'
import { setUserData, withoutNotes } from './set-user-data.ts'
import { tableRef } from './table.ts'

/** enum nft_set_attributes. */
interface SetRecord {
  readonly table: string
  readonly name: string
  readonly flags?: number | undefined
  readonly keyType?: number | undefined
  readonly keyLength?: number | undefined
  readonly dataType?: number | undefined
  readonly dataLength?: number | undefined
  readonly policy?: number | undefined
  readonly description?: Description | undefined
  readonly id?: number | undefined
  readonly timeoutMs?: bigint | undefined
  readonly gcIntervalMs?: number | undefined
  readonly userData?: Uint8Array | undefined
  readonly handle?: bigint | undefined
}

/** enum nft_set_desc_attributes. `fields`: the length of each field, which pipapo looks up one after the other. */
interface Description {
  readonly size?: number | undefined
  readonly fields?: readonly { readonly length: number }[] | undefined
}

const fieldRecord = recordFormat<{ readonly length: number }>('set field', { length: field(1, u32Be) }, {})
const description = recordFormat<Description>(
  'set description',
  { size: optional(1, u32Be), fields: optional(2, list(1, nested(fieldRecord))) },
  {},
)

const record = recordFormat<SetRecord>(
  'set',
  {
    table: field(1, string),
    name: field(2, string),
    flags: optional(3, u32Be),
    keyType: optional(4, u32Be),
    keyLength: optional(5, u32Be),
    dataType: optional(6, u32Be),
    dataLength: optional(7, u32Be),
    id: optional(10, u32Be),
    policy: optional(8, u32Be),
    description: optional(9, nested(description)),
    timeoutMs: optional(11, u64Be),
    gcIntervalMs: optional(12, u32Be),
    userData: optional(13, bytes),
    handle: optional(16, u64Be),
  },
  {},
)

const NFT_DATA_VERDICT = 0xffffff00
const NFT_SET_POL_MEMORY = 1
const MAP = 0x8
const CONCAT = 0x80

/** Bits of NFTA_SET_FLAGS by property. */
const flags = { anonymous: 0x1, constant: 0x2, interval: 0x4, timeout: 0x10, dynamic: 0x20 } as const
const flagNames = Object.keys(flags) as (keyof typeof flags)[]

/** @param id of the set in its transaction */
export function writeSet(writer: MessageWriter, set: NftSet, id: number): void {
  const { table, name, key, data, size } = set
  const fields = set.interval && key.length > 1 ? key.map((type) => ({ length: dataTypes[type].size })) : undefined
  const bits = flagNames.reduce((sum, flag) => sum | (set[flag] ? flags[flag] : 0), 0)
  record.write(writer, {
    table: table.name,
    name,
    flags: bits | (data ? MAP : 0) | (fields ? CONCAT : 0),
    keyType: typeNumber(key),
    keyLength: keySize(key),
    ...(data === 'verdict' && { dataType: NFT_DATA_VERDICT, dataLength: 0 }),
    ...(data && data !== 'verdict' && { dataType: typeNumber(data), dataLength: keySize(data) }),
    id,
    ...(set.policy && { policy: NFT_SET_POL_MEMORY }),
    ...((size !== undefined || fields) && { description: { size, fields } }),
    timeoutMs: set.timeoutMs,
    gcIntervalMs: set.gcIntervalMs,
    userData: setUserData(set),
  })
}

export function writeSetRef(writer: MessageWriter, { table, name }: SetRef): void {
  record.write(writer, { table: table.name, name })
}

/** A key of a type that is none of ours (as `typeof` makes) is read as no field. */
export function readSet(view: DataView, start: number, end: number, family: Family): NftSet {
  const read = record.read(view, start, end)
  const { flags: bits = 0, timeoutMs, gcIntervalMs, handle, id, policy, description: desc } = read
  const userData = read.userData && withoutNotes(read.userData)
  const set: Record<string, unknown> = {
    kind: 'set',
    table: tableRef(family, read.table),
    name: read.name,
    key: (read.keyType === undefined ? undefined : typeOfNumber(read.keyType)) ?? [],
    ...((bits & MAP) !== 0 && { data: dataOf(read.dataType) }),
    ...(policy === NFT_SET_POL_MEMORY && { policy: 'memory' }),
    ...optionals({ id, timeoutMs, gcIntervalMs, size: desc?.size, userData, handle }),
  }
  for (const flag of flagNames) if ((bits & flags[flag]) !== 0) set[flag] = true
  return set as unknown as NftSet
}

function dataOf(type: number | undefined): 'verdict' | KeyType {
  return type === NFT_DATA_VERDICT ? 'verdict' : ((type === undefined ? undefined : typeOfNumber(type)) ?? [])
}

function optionals(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
