import type { PrefixMatch } from '@tortie/bgp'
import { type Family, formatPrefix, type Prefix, parseCidr, prefixOf, width } from '@tortie/ip'

/** The network of `address/length` or a bare address, host bits left out. @throws IpError */
export function networkOf(text: string): Prefix {
  const { address, length } = parseCidr(text)
  return prefixOf(address, length)
}

/** Its canonical text. @throws IpError */
export const networkText = (text: string): string => formatPrefix(networkOf(text))

export const familyOf = (cidr: string): Family => (cidr.includes(':') ? 6 : 4)

const lengthOf = (cidr: string): number => Number(cidr.slice(cidr.indexOf('/') + 1))

/** @param cidr canonical text */
export const isSingleAddress = (cidr: string): boolean => lengthOf(cidr) === width(familyOf(cidr))

/** Itself and everything more specific. @param cidr canonical text */
export function inside(cidr: string): PrefixMatch {
  return { prefix: cidr, min: lengthOf(cidr), max: width(familyOf(cidr)) }
}

/** Itself alone. @param cidr canonical text */
export function exactly(cidr: string): PrefixMatch {
  return { prefix: cidr, min: lengthOf(cidr), max: lengthOf(cidr) }
}
