/** IPv4 and IPv6 addresses and prefixes as values. Canonical text (RFC 5952) is the identity used between packages. */
export {
  type Address,
  addressFromBytes,
  addressOf,
  addressToBytes,
  compareAddresses,
  type Family,
  formatAddress,
  isAddress,
  parseAddress,
  readAddress,
  width,
  writeAddress,
} from './address.ts'
export { IpError } from './errors.ts'
export {
  addressAt,
  canonicalPrefix,
  comparePrefixes,
  containsAddress,
  containsPrefix,
  firstAddress,
  formatPrefix,
  hostPrefix,
  isPrefix,
  lastAddress,
  netmask,
  ordinalOf,
  overlaps,
  type Prefix,
  parseCidr,
  parsePrefix,
  prefixOf,
  prefixSize,
  subnets,
} from './prefix.ts'
export { countAddresses, mergePrefixes, rangeToPrefixes, subtractPrefixes } from './range.ts'
export { isLinkLocal, isLoopback, isMulticast, isUnspecified } from './scope.ts'
export { createPrefixTrie, type PrefixEntry, type PrefixTrie } from './trie.ts'
