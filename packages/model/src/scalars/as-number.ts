import { badValue } from './bad-value.ts'

/** An AS number, 0 to 2^32-1, from a number, its digits, or the dotted form `high.low`. @throws ModelError `model/bad-value` */
export function parseAsNumber(value: number | string): number {
  const number = typeof value === 'number' ? value : parseText(value)
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff)
    badValue('AS number', value, 'write a number from 0 to 4294967295, or high.low with parts up to 65535')
  return number
}

function parseText(text: string): number {
  const [, high, low] = /^([0-9]{1,10})(?:\.([0-9]{1,5}))?$/.exec(text) ?? []
  if (high === undefined) return Number.NaN
  if (low === undefined) return Number(high)
  return Number(high) <= 0xffff && Number(low) <= 0xffff ? Number(high) * 65_536 + Number(low) : Number.NaN
}

/** The dotted form, RFC 5396 asdot+; JSON holds the plain number. */
export function formatAsDot(number: number): string {
  return `${Math.floor(number / 65_536)}.${number % 65_536}`
}
