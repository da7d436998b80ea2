import type { Address } from './address.ts'

/** 127.0.0.0/8 (RFC 1122), ::1 (RFC 4291 §2.5.3). */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n
}

/** 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan
}

/** 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291 §2.7). */
export function isMulticast({ family, value }: Address): boolean {
  return family === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn
}

/** 0.0.0.0, `::`. */
export function isUnspecified({ value }: Address): boolean {
  return value === 0n
}
