import { badValue } from './bad-value.ts'

/** IANA names of code points (RFC 2474, 2597, 3246). */
const names: Readonly<Record<string, number>> = {
  DF: 0,
  CS0: 0,
  CS1: 8,
  AF11: 10,
  AF12: 12,
  AF13: 14,
  CS2: 16,
  AF21: 18,
  AF22: 20,
  AF23: 22,
  CS3: 24,
  AF31: 26,
  AF32: 28,
  AF33: 30,
  CS4: 32,
  AF41: 34,
  AF42: 36,
  AF43: 38,
  CS5: 40,
  EF: 46,
  CS6: 48,
}

/** A code point 0 to 63 from a number, its digits or an IANA name in any case. @throws ModelError `model/bad-value` */
export function parseDscp(value: number | string): number {
  const name = typeof value === 'string' ? value.toUpperCase() : ''
  const known = Object.hasOwn(names, name) ? names[name] : undefined
  if (known !== undefined) return known
  const number = typeof value === 'string' && /^[0-9]{1,2}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 63)
    badValue('DSCP', value, `write a number from 0 to 63 or one of ${Object.keys(names).join(', ')}`)
  return number
}

/** The number: names are not unique (`DF` and `CS0`). */
export function formatDscp(number: number): number {
  return parseDscp(number)
}
