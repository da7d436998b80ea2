import { writeAddress } from '@tortie/ip'
import type { KeyType, Value } from '../data-type.ts'
import { badValue } from '../errors.ts'
import { encodeKey, keySize, writeKey } from '../key.ts'
import type { Element, NftSet, PackedElements } from '../object/object.ts'
import type { Verdict } from '../verdict.ts'

type Packed = Pick<PackedElements, 'count' | 'keys' | 'ends'>

/** Keys of any type, one list of values each. */
export function packKeys(type: KeyType, keys: readonly (readonly Value[])[]): Packed {
  const size = keySize(type)
  const bytes = new Uint8Array(keys.length * size)
  keys.forEach((key, i) => {
    if (key.length !== type.length) throw badValue('key', `${key.length} values are given for ${type.join(' . ')}`)
    writeKey(type, key, bytes, i * size)
  })
  return { count: keys.length, keys: bytes }
}

/** Addresses of one family, for sets of `ipv4_addr` or `ipv6_addr`. @throws NftablesError, IpError */
export function packAddresses(type: 'ipv4_addr' | 'ipv6_addr', addresses: readonly string[]): Packed {
  const size = keySize([type])
  const keys = new Uint8Array(addresses.length * size)
  addresses.forEach((text, i) => {
    if ((text.includes(':') ? 16 : 4) !== size) throw badValue(type, `${JSON.stringify(text)} is of the other family`)
    writeAddress(text, keys, i * size)
  })
  return { count: addresses.length, keys }
}

/** Prefixes of one family (a bare address is one of full length), for interval sets; they must not overlap. */
export function packPrefixes(type: 'ipv4_addr' | 'ipv6_addr', prefixes: readonly string[]): Packed {
  const size = keySize([type])
  const keys = new Uint8Array(prefixes.length * size)
  const ends = new Uint8Array(prefixes.length * size)
  prefixes.forEach((text, i) => {
    const slash = text.indexOf('/')
    const address = slash < 0 ? text : text.slice(0, slash)
    const length = slash < 0 ? 8 * size : Number(text.slice(slash + 1))
    if ((text.includes(':') ? 16 : 4) !== size || !(length >= 0 && length <= 8 * size))
      throw badValue(type, `${JSON.stringify(text)} is no prefix of this family`)
    writeAddress(address, keys, i * size)
    for (let byte = 0; byte < size; byte++) {
      const host = 0xff >> Math.min(8, Math.max(0, length - 8 * byte))
      const at = i * size + byte
      const value = keys[at] ?? 0
      if ((value & host) !== 0) throw badValue(type, `${JSON.stringify(text)} has host bits set`)
      ends[at] = value | host
    }
  })
  return { count: prefixes.length, keys, ends }
}

/** Ranges, both ends included, for interval sets. */
export function packRanges(type: KeyType, ranges: readonly (readonly [readonly Value[], readonly Value[]])[]): Packed {
  const from = packKeys(
    type,
    ranges.map(([first]) => first),
  )
  return {
    ...from,
    ends: packKeys(
      type,
      ranges.map(([, last]) => last),
    ).keys,
  }
}

type Extra = Omit<Element, 'key' | 'keyEnd' | 'intervalEnd'>

/** One element by its values: `element(['ifname'], ['cali1'], { verdict: { kind: 'jump', chain: 'to-cali1' } })`. */
export function element(type: KeyType, key: readonly Value[], extra: Extra = {}): Element {
  return { key: encodeKey(type, key), ...extra }
}

/** The elements of one range, both ends included; `extra` goes with the first. */
export function range(type: KeyType, first: readonly Value[], last: readonly Value[], extra: Extra = {}): Element[] {
  const key = encodeKey(type, first)
  const end = encodeKey(type, last)
  if (type.length > 1) return [{ key, keyEnd: end, ...extra }]
  const after = end.slice()
  for (let i = after.length - 1; i >= 0; i--) {
    after[i] = ((after[i] ?? 0) + 1) & 0xff
    if (after[i] !== 0)
      return [
        { key, ...extra },
        { key: after, intervalEnd: true },
      ]
  }
  return [{ key, ...extra, userData: openRange }]
}

/** nft's mark on a range that runs to the last key. */
const openRange = Uint8Array.of(1, 4, 1, 0, 0, 0)

export function verdictElement(set: NftSet, key: readonly Value[], verdict: Verdict): Element {
  return { key: encodeKey(set.key, key), verdict }
}
