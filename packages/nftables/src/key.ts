import { hostIsLittleEndian } from '@tortie/netlink'
import { type ByteOrder, type DataType, dataTypes, type KeyType, type Value } from './data-type.ts'
import { badValue } from './errors.ts'
import { formatValue, parseValue } from './value.ts'

const byId = new Map<number, DataType>((Object.keys(dataTypes) as DataType[]).map((name) => [dataTypes[name].id, name]))

/** Bits for each field in a concatenated type number. */
const fieldBits = 6

/** Bytes that a field takes in a key: alone its size, in a concatenation a multiple of 4. */
export function keySize(type: KeyType): number {
  const [only] = type
  if (type.length === 1 && only !== undefined) return dataTypes[only].size
  return type.reduce((sum, field) => sum + paddedSize(field), 0)
}

export function paddedSize(type: DataType): number {
  return (dataTypes[type].size + 3) & ~3
}

/** @throws NftablesError `nftables/bad-value` for no field or more than 5 */
export function typeNumber(type: KeyType): number {
  if (type.length === 0 || type.length > 5) throw badValue('key type', `has ${type.length} fields; give 1 to 5`)
  return type.reduce((number, field) => (number << fieldBits) | dataTypes[field].id, 0)
}

/** undefined for a number that is none of ours, as `integer` or a type given by `typeof`. */
export function typeOfNumber(number: number): KeyType | undefined {
  const fields: DataType[] = []
  for (let rest = number; rest > 0; rest >>>= fieldBits) {
    const field = byId.get(rest & ((1 << fieldBits) - 1))
    if (field === undefined) return undefined
    fields.unshift(field)
  }
  return fields.length === 0 ? undefined : fields
}

/** Bytes of one value. @throws NftablesError `nftables/bad-value` */
export function encodeValue(type: DataType, value: Value): Uint8Array {
  const { size, order } = dataTypes[type]
  const bytes = new Uint8Array(size)
  writeValue(type, value, bytes, 0, size, order)
  return bytes
}

/** Bytes of a key: one value for each field. @throws NftablesError `nftables/bad-value` */
export function encodeKey(type: KeyType, values: readonly Value[]): Uint8Array {
  if (values.length !== type.length)
    throw badValue('key', `has ${values.length} values for the fields ${type.join(' . ')}`)
  const bytes = new Uint8Array(keySize(type))
  writeKey(type, values, bytes, 0)
  return bytes
}

/** Writes a key at `at`; padding bytes are left as they are. */
export function writeKey(type: KeyType, values: readonly Value[], into: Uint8Array, at: number): void {
  let offset = at
  type.forEach((field, index) => {
    const { size, order } = dataTypes[field]
    writeValue(field, values[index] ?? 0, into, offset, size, order)
    offset += paddedSize(field)
  })
}

function writeValue(type: DataType, value: Value, into: Uint8Array, at: number, size: number, order: ByteOrder): void {
  const parsed = typeof value === 'string' ? parseValue(type, value) : value
  if (parsed instanceof Uint8Array) {
    if (parsed.length > size) throw badValue(type, `${parsed.length} bytes are given for ${size}`)
    into.set(parsed, at)
    return
  }
  if (typeof parsed === 'number' && size <= 4) {
    writeNumber(type, parsed, into, at, size, order)
    return
  }
  if (typeof parsed === 'number' && !Number.isInteger(parsed)) throw badValue(type, `${parsed} is no whole number`)
  let rest = BigInt(parsed)
  if (rest < 0n || rest >> BigInt(8 * size) !== 0n) throw badValue(type, `${rest} does not fit ${size} bytes`)
  const little = order === 'host' && hostIsLittleEndian
  for (let i = 0; i < size; i++, rest >>= 8n) into[at + (little ? i : size - 1 - i)] = Number(rest & 0xffn)
}

/** PERF: without bigint, for the many ports, marks and protocols of rules. */
function writeNumber(
  type: DataType,
  value: number,
  into: Uint8Array,
  at: number,
  size: number,
  order: ByteOrder,
): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
    throw badValue(type, `${value} does not fit ${size} bytes`)
  const little = order === 'host' && hostIsLittleEndian
  for (let i = 0; i < size; i++) into[at + (little ? i : size - 1 - i)] = value >>> (8 * i)
}

/** Texts of a key's fields. The inverse of `encodeKey` for what `formatValue` writes. */
export function decodeKey(type: KeyType, bytes: Uint8Array): string[] {
  let offset = 0
  return type.map((field) => {
    const text = formatValue(field, bytes.subarray(offset, offset + dataTypes[field].size))
    offset += paddedSize(field)
    return text
  })
}
