import { hostIsLittleEndian } from '@tortie/netlink'
import { dataTypes, type KeyType } from '../data-type.ts'
import { decodeKey } from '../key.ts'
import { formatValue } from '../value.ts'
import type { Loaded } from './loads.ts'

/** A constant to compare `loaded` with, or to give it. */
export function constantText({ type, order }: Loaded, data: Uint8Array): string {
  if (type === 'ipv4_addr' || type === 'ipv6_addr') return addressText(type, data, data.length * 8)
  if (type === 'ifname') return nameText(data)
  // fib and exthdr hold a truth value in words of different length
  if (type === 'boolean') return data.some((byte) => byte !== 0) ? 'exists' : 'missing'
  if (type !== undefined && dataTypes[type].size === data.length) return formatValue(type, data)
  return numberText(data, order)
}

/** An address of which only the first bytes are compared is a prefix. */
export function addressText(type: 'ipv4_addr' | 'ipv6_addr', data: Uint8Array, length: number): string {
  const { size } = dataTypes[type]
  const whole = new Uint8Array(size)
  whole.set(data.subarray(0, size))
  return formatValue(type, whole) + (length < size * 8 ? `/${length}` : '')
}

/** Shorter than a name can be: what it begins with. */
function nameText(data: Uint8Array): string {
  return data.length < dataTypes.ifname.size ? `"${new TextDecoder().decode(data)}*"` : formatValue('ifname', data)
}

export function numberText(data: Uint8Array, order: 'host' | 'network'): string {
  const little = order === 'host' && hostIsLittleEndian
  const digits = Array.from(little ? data.toReversed() : data, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `0x${digits.replace(/^0+(?=.)/, '')}`
}

/** Length of a mask of leading ones; undefined for any other. */
export function prefixLength(mask: Uint8Array): number | undefined {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? bits.replace(/0/g, '').length : undefined
}

/** The fields of a key, joined as nft does. */
export function keyText(type: KeyType, key: Uint8Array): string {
  return type.length === 0 ? numberText(key, 'network') : decodeKey(type, key).join(' . ')
}

export function quoted(text: string): string {
  return `"${text}"`
}
