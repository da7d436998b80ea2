import { NftablesError } from '../errors.ts'

/** Numbers in network order, of an attribute's value from `start` to `end`. @throws NftablesError `nftables/malformed` */

export function getU8(view: DataView, start: number, end: number): number {
  check(start, end, 1)
  return view.getUint8(start)
}
export function getU16(view: DataView, start: number, end: number): number {
  check(start, end, 2)
  return view.getUint16(start)
}
export function getU32(view: DataView, start: number, end: number): number {
  check(start, end, 4)
  return view.getUint32(start)
}
export function getI32(view: DataView, start: number, end: number): number {
  check(start, end, 4)
  return view.getInt32(start)
}
export function getU64(view: DataView, start: number, end: number): bigint {
  check(start, end, 8)
  return view.getBigUint64(start)
}

function check(start: number, end: number, size: number): void {
  if (end - start < size)
    throw new NftablesError('nftables/malformed', { what: `${end - start} bytes where ${size} are due` })
}
