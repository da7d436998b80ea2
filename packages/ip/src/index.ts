/** IPv4 and IPv6 addresses and prefixes as values. Canonical text (RFC 5952) is the identity used between packages. */
export {
  type Address,
  addressFromBytes,
  addressOf,
  addressToBytes,
  type Family,
  formatAddress,
  isAddress,
  parseAddress,
  writeAddress,
} from './address.ts'
export { IpError } from './errors.ts'
export {
  canonicalPrefix,
  containsAddress,
  containsPrefix,
  firstAddress,
  formatPrefix,
  hostPrefix,
  isPrefix,
  lastAddress,
  overlaps,
  type Prefix,
  parseCidr,
  parsePrefix,
  prefixOf,
  prefixSize,
} from './prefix.ts'
export { mergePrefixes, rangeToPrefixes, subtractPrefixes } from './range.ts'
export { createPrefixTrie, type PrefixTrie } from './trie.ts'
