import { badValue } from './bad-value.ts'

/** A range of numbers, both ends included, or the name of a port that endpoints define. */
export type Port =
  | { readonly kind: 'range'; readonly first: number; readonly last: number }
  | { readonly kind: 'named'; readonly name: string }

const portName = /^[a-zA-Z0-9_.-]{1,128}$/

/**
 * A number, its digits, `first:last`, or a name (spec 01 §1.3). 0 parses, though rules may not use it.
 * @throws ModelError `model/bad-value`
 */
export function parsePort(value: number | string): Port {
  if (typeof value === 'number') return range(value, value, value)
  const [, first, last] = /^([0-9]{1,6})(?::([0-9]{1,6}))?$/.exec(value) ?? []
  if (first !== undefined) return range(value, Number(first), Number(last ?? first))
  if (/^[0-9]+$/.test(value) || !portName.test(value))
    badValue('port', value, 'write a number up to 65535, a range such as 8000:8080, or the name of a port')
  return { kind: 'named', name: value }
}

function range(value: unknown, first: number, last: number): Port {
  if (!Number.isInteger(first) || first < 0 || last > 65_535)
    badValue('port', value, 'a port is a whole number from 0 to 65535')
  if (first > last) badValue('port', value, 'the range runs backwards; write the lower number first')
  return { kind: 'range', first, last }
}

/** As Calico writes it: a number, `first:last` or the name. */
export function formatPort(port: Port): number | string {
  if (port.kind === 'named') return port.name
  return port.first === port.last ? port.first : `${port.first}:${port.last}`
}
