import { attributeType, type MessageWriter, nextAttribute, readBytes, readString, readU32 } from '@tortie/netlink'
import { NftablesError } from '../errors.ts'
import { valueEnd } from './attribute.ts'
import { getU8, getU16, getU32, getU64 } from './number.ts'

/** How the value of one attribute is written and read. `read` gives undefined for a value that stands for absence. */
export interface Format<T> {
  readonly write: (writer: MessageWriter, type: number, value: T) => void
  readonly read: (view: DataView, start: number, end: number) => T | undefined
}

/** Number of an attribute, with its format. */
export interface Field<T> {
  readonly type: number
  readonly format: Format<T>
  readonly optional: boolean
}

export function field<T>(type: number, format: Format<T>): Field<T> {
  return { type, format, optional: false }
}

/** May be absent, both in the value and in the message. */
export function optional<T>(type: number, format: Format<T>): Field<T | undefined> {
  return { type, format: format as Format<T | undefined>, optional: true }
}

export const u8: Format<number> = {
  write: (writer, type, value) => writer.attrU8(type, value),
  read: getU8,
}
export const u16Be: Format<number> = {
  write: (writer, type, value) => writer.attrU16Be(type, value),
  read: getU16,
}
export const u32Be: Format<number> = {
  write: (writer, type, value) => writer.attrU32Be(type, value),
  read: getU32,
}
export const u64Be: Format<bigint> = {
  write: (writer, type, value) => writer.attrU64Be(type, value),
  read: getU64,
}
export const string: Format<string> = {
  write: (writer, type, value) => writer.attrString(type, value),
  read: readString,
}
/** A copy, so that it outlives the datagram. */
export const bytes: Format<Uint8Array> = {
  write: (writer, type, value) => writer.attrBytes(type, value),
  read: (view, start, end) => readBytes(view, start, end).slice(),
}

/** NFT_REG_1 to 4 are the 16-byte views of registers, NFT_REG32_00 (8) and on the 4-byte ones. */
const firstRegister32 = 8

/** 0 to 15. The kernel names a register that starts at 16 bytes by its 16-byte name, so do we. */
export const register: Format<number> = {
  write: (writer, type, value) =>
    writer.attrU32Be(type, (value & 3) === 0 ? 1 + (value >> 2) : firstRegister32 + value),
  read: (view, start, end) => {
    const number = getU32(view, start, end)
    return number < firstRegister32 ? (number - 1) * 4 : number - firstRegister32
  },
}

/** NFT_REG_VERDICT or a register. */
export const registerOrVerdict: Format<number | 'verdict'> = {
  write: (writer, type, value) =>
    value === 'verdict' ? writer.attrU32Be(type, 0) : register.write(writer, type, value),
  read: (view, start, end) => (getU32(view, start, end) === 0 ? 'verdict' : register.read(view, start, end)),
}

const NFTA_DATA_VALUE = 1

/** nft_data with a value: DATA_VALUE within the attribute. */
export const data: Format<Uint8Array> = {
  write: (writer, type, value) => writer.beginNested(type).attrBytes(NFTA_DATA_VALUE, value).endNested(),
  read: (view, start, end) => {
    for (let at = start; at < end; at = nextAttribute(view, at, end))
      if (attributeType(view, at) === NFTA_DATA_VALUE) return readBytes(view, at + 4, valueEnd(view, at, end)).slice()
    throw new NftablesError('nftables/malformed', { what: 'data without a value' })
  },
}

/** nft_data with a number in host order, as shifts have it. */
export const hostNumber: Format<number> = {
  write: (writer, type, value) => writer.beginNested(type).attrU32(NFTA_DATA_VALUE, value).endNested(),
  read: (view, start, end) => {
    getU32(view, start + 4, end)
    return readU32(view, start + 4)
  },
}

/** The place of a name in `names` is its number. @throws NftablesError `nftables/malformed` for a number without name */
function named<T extends string>(names: readonly T[], base: Format<number>): Format<Exclude<T, '-'>> {
  const numbers = new Map<string, number>(names.map((name, number) => [name, number]))
  return {
    write: (writer, type, value) => base.write(writer, type, numbers.get(value) ?? -1),
    read: (view, start, end) => {
      const number = base.read(view, start, end) ?? -1
      const name = names[number]
      if (name === undefined || name === '-')
        throw new NftablesError('nftables/malformed', { what: `${number} is none of ${names.join(', ')}` })
      return name as Exclude<T, '-'>
    },
  }
}
export const name32 = <T extends string>(names: readonly T[]): Format<Exclude<T, '-'>> => named(names, u32Be)
export const name8 = <T extends string>(names: readonly T[]): Format<Exclude<T, '-'>> => named(names, u8)

/** Names by bit, lowest first; bits without a name are ignored, no bit at all is absence. */
export function flagNames<T extends string>(names: readonly T[]): Format<readonly Exclude<T, '-'>[]> {
  const bits = new Map<string, number>(names.map((name, bit) => [name, 1 << bit]))
  return {
    write: (writer, type, value) =>
      writer.attrU32Be(
        type,
        value.reduce((sum, name) => sum | (bits.get(name) ?? 0), 0),
      ),
    read: (view, start, end) => {
      const sum = getU32(view, start, end)
      const found = names.filter((name, bit) => name !== '-' && (sum & (1 << bit)) !== 0)
      return found.length === 0 ? undefined : (found as Exclude<T, '-'>[])
    },
  }
}

/** One bit; unset is absence. */
export function bit(mask: number): Format<true> {
  return {
    write: (writer, type) => writer.attrU32Be(type, mask),
    read: (view, start, end) => ((getU32(view, start, end) & mask) !== 0 ? true : undefined),
  }
}

/** Text between nft names and numbers that are not enumerations from 0. */
export function codes<T extends string>(table: Readonly<Record<T, number>>, base: Format<number>): Format<T> {
  const names = new Map<number, T>((Object.keys(table) as T[]).map((name) => [table[name], name]))
  return {
    write: (writer, type, value) => base.write(writer, type, table[value]),
    read: (view, start, end) => {
      const number = base.read(view, start, end) ?? -1
      const name = names.get(number)
      if (name === undefined) throw new NftablesError('nftables/malformed', { what: `code ${number}` })
      return name
    },
  }
}

/** An attribute that holds the attributes of a record. */
export function nested<T extends object>(record: {
  write(writer: MessageWriter, value: T): void
  read(view: DataView, start: number, end: number): T
}): Format<T> {
  return {
    write: (writer, type, value) => {
      writer.beginNested(type)
      record.write(writer, value)
      writer.endNested()
    },
    read: (view, start, end) => record.read(view, start, end),
  }
}

/** An attribute that holds a list: each item is an attribute of type `itemType`. */
export function list<T>(itemType: number, item: Format<T>): Format<readonly T[]> {
  return {
    write: (writer, type, value) => {
      writer.beginNested(type)
      for (const one of value) item.write(writer, itemType, one)
      writer.endNested()
    },
    read: (view, start, end) => {
      const items: T[] = []
      for (let at = start; at < end; at = nextAttribute(view, at, end)) {
        const one = attributeType(view, at) === itemType ? item.read(view, at + 4, valueEnd(view, at, end)) : undefined
        if (one !== undefined) items.push(one)
      }
      return items
    },
  }
}
