import type { CmpOp } from '../expression/names.ts'
import { formatValue } from '../value.ts'
import type { Loaded } from './loads.ts'
import { addressText, constantText, numberText, prefixLength } from './value.ts'

/** The first of the two comparisons that make a range. */
export interface Pending {
  readonly sreg: number
  readonly from: Uint8Array
}

const operators: Readonly<Record<CmpOp, string>> = { eq: '', neq: '!= ', lt: '< ', lte: '<= ', gt: '> ', gte: '>= ' }

/** `ip saddr != 10.0.0.0/12`, `ct state established,related`, `meta mark & 0xff == 0x10`. */
export function comparisonText(loaded: Loaded, op: CmpOp, data: Uint8Array): string {
  const { text, type, mask, order } = loaded
  if (!mask) return `${text} ${operators[op]}${constantText(loaded, data)}`
  const length = prefixLength(mask)
  if ((type === 'ipv4_addr' || type === 'ipv6_addr') && length !== undefined)
    return `${text} ${operators[op]}${addressText(type, data, length)}`
  const isState = type === 'ct_state' || type === 'ct_status'
  if (isState && op === 'neq' && data.every((byte) => byte === 0)) return `${text} ${formatValue(type, mask)}`
  const fieldOrder = type === undefined ? order : type === 'mark' || isState ? 'host' : order
  return `${text} & ${numberText(mask, fieldOrder)} ${operators[op] || '== '}${numberText(data, fieldOrder)}`
}

/** `tcp dport 80-90`. */
export function rangeText(loaded: Loaded, op: 'eq' | 'neq', from: Uint8Array, to: Uint8Array): string {
  return `${loaded.text} ${operators[op]}${constantText(loaded, from)}-${constantText(loaded, to)}`
}
