import { lastAddress, parseAddress, parsePrefix, readAddress } from '@tortie/ip'
import type { DataType, Value } from '@tortie/nftables'
import { formatAddressRange } from '../render/partition.ts'
import type { SetField, SetHeader } from '../render/ruleset.ts'

interface FieldRow {
  readonly type: DataType
  readonly bytes: number
  parse(text: string): Value
  format(bytes: Uint8Array, at: number): string
}

const number = (type: DataType): FieldRow => ({
  type,
  bytes: 1,
  parse: Number,
  format: (bytes, at) => String(bytes[at] ?? 0),
})
const address = (type: DataType, family: 4 | 6): FieldRow => ({
  type,
  bytes: family === 4 ? 4 : 16,
  parse: (text) => text,
  format: (bytes, at) => readAddress(bytes, at, family),
})

/** How each field of a key is kept in the kernel and written as text (`Elements`). */
export const fieldRows: Readonly<Record<SetField, FieldRow>> = {
  ipv4: address('ipv4_addr', 4),
  ipv6: address('ipv6_addr', 6),
  protocol: number('inet_proto'),
  port: {
    ...number('inet_service'),
    bytes: 2,
    format: (bytes, at) => String(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)),
  },
  interface: {
    type: 'ifname',
    bytes: 16,
    parse: (text) => text,
    format: (bytes, at) => new TextDecoder('latin1').decode(bytes.subarray(at, at + 16)).replace(/\0.*$/, ''),
  },
  family: {
    type: 'nf_proto',
    bytes: 1,
    parse: (text) => (text === '4' ? 2 : 10),
    format: (bytes, at) => (bytes[at] === 2 ? '4' : bytes[at] === 10 ? '6' : `number ${bytes[at]}`),
  },
  'icmp-type': number('icmp_type'),
  'icmpv6-type': number('icmpv6_type'),
}

/** The values of a key without ranges. */
export function parseKey({ fields }: SetHeader, key: string): Value[] {
  const parts = key.split(' ')
  return fields.map((field, index) => fieldRows[field].parse(parts[index] ?? ''))
}

/** First and last values of a key in a set of intervals. */
export function parseKeyRange({ fields }: SetHeader, key: string): [first: Value[], last: Value[]] {
  const parts = key.split(' ')
  const ends = fields.map((field, index) => parseRange(field, parts[index] ?? ''))
  return [ends.map(([first]) => first), ends.map(([, last]) => last)]
}

function parseRange(field: SetField, text: string): readonly [Value, Value] {
  const { parse } = fieldRows[field]
  if (field === 'interface') return [parse(text), parse(text)]
  if (text.includes('/')) {
    const prefix = parsePrefix(text)
    return [prefix.value, lastAddress(prefix).value]
  }
  const [first = '', last = first] = text.split('-')
  return [parse(first), parse(last)]
}

/** Where a field begins in the next one's key: fields of a concatenation are padded. */
function stride(field: SetField, only: boolean): number {
  const { bytes } = fieldRows[field]
  return only ? bytes : (bytes + 3) & ~3
}

/** Bytes of one key. */
export function keyBytes({ fields }: SetHeader): number {
  return fields.reduce((sum, field) => sum + stride(field, fields.length === 1), 0)
}

/** The inverse of `parseKey` and `parseKeyRange`: the key whose bytes are at `at`; `ends` is not read without ranges. */
export function formatKey({ fields, interval }: SetHeader, keys: Uint8Array, ends: Uint8Array, at: number): string {
  let offset = at
  const parts = fields.map((field) => {
    const first = fieldRows[field].format(keys, offset)
    const text = interval ? formatRange(field, first, fieldRows[field].format(ends, offset)) : first
    offset += stride(field, fields.length === 1)
    return text
  })
  return parts.join(' ')
}

function formatRange(field: SetField, first: string, last: string): string {
  if (field !== 'ipv4' && field !== 'ipv6') return first === last ? first : `${first}-${last}`
  const from = parseAddress(first)
  return formatAddressRange(from.family, from.value, parseAddress(last).value)
}
