import { type Address, IpError, type Prefix, parseAddress, parseCidr, parsePrefix, prefixOf } from '@tortie/ip'
import { ModelError } from '../errors.ts'
import { parseAddressPort } from '../scalars/address-port.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import { canonicalMac } from '../scalars/mac.ts'
import { parseSelector } from '../selector/parse.ts'
import type { Complaint } from './fields.ts'

/** What text fields may hold (spec 01 §1.4). Each says why a value is refused, or undefined. */

type Family = 4 | 6

/** A prefix or address with host bits allowed. */
export function cidrComplaint(text: string, family?: Family): Complaint {
  return ipComplaint(() => parseCidr(text).address, family, 'CIDR')
}

/** A prefix whose host bits are zero, or an address. */
export function netComplaint(text: string, family?: Family): Complaint {
  return ipComplaint(() => parsePrefix(text), family, 'CIDR')
}

/** A prefix with its length stated, whose host bits are zero: what rules need. */
export function maskedNetComplaint(text: string): Complaint {
  const complaint = netComplaint(text)
  if (complaint !== undefined || text.includes('/')) return complaint
  return `invalid CIDR: add its length, ${text}/${text.includes(':') ? 128 : 32}`
}

export function addressComplaint(text: string, family?: Family): Complaint {
  return ipComplaint(() => parseAddress(text), family, 'address')
}

/** An address, with a port or without. */
export function addressPortComplaint(text: string): Complaint {
  const reason = complaintOf(() => parseAddressPort(text))
  return reason && `invalid address: ${reason}`
}

function ipComplaint(read: () => Address | Prefix, family: Family | undefined, what: string): Complaint {
  try {
    const found = read().family
    return family === undefined || found === family ? undefined : `is not an IPv${family} ${what}`
  } catch (error) {
    if (!(error instanceof IpError)) throw error
    return `invalid ${what}: ${error.message.slice(error.message.indexOf(': ') + 2)}`
  }
}

/** The network of text that may be bad: undefined then. */
export function tryPrefix(text: string): Prefix | undefined {
  try {
    const { address, length } = parseCidr(text)
    return prefixOf(address, length)
  } catch {
    return undefined
  }
}

export function selectorComplaint(text: string): Complaint {
  try {
    parseSelector(text)
    return undefined
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return `invalid selector: ${selectorReason(error)}`
  }
}

function selectorReason(error: ModelError): string {
  const { at, reason } = error.facts as { readonly at: number; readonly reason: string }
  return `${reason} at character ${at + 1}`
}

/** A selector without `global()`, which only a rule's namespaceSelector may hold. */
export function plainSelectorComplaint(text: string): Complaint {
  if (/global\([ \t]*\)/.test(text)) return 'global() can only be used in an EntityRule namespaceSelector'
  return selectorComplaint(text)
}

/** A selector in which `global()` stands alone or not at all. */
export function namespaceSelectorComplaint(text: string): Complaint {
  const complaint = selectorComplaint(text)
  if (complaint !== undefined || !text.includes('global(')) return complaint
  return parseSelector(text).kind === 'global' ? undefined : 'global() cannot be combined with other selectors'
}

export function macComplaint(text: string): Complaint {
  const reason = complaintOf(() => canonicalMac(text))
  return reason && `invalid MAC address: ${reason}`
}

export function interfaceComplaint(text: string): Complaint {
  if (text === '*' || /^[a-zA-Z0-9_.-]{1,15}$/.test(text)) return undefined
  return 'an interface name has 1 to 15 letters, digits, "_", "." and "-"'
}

/** An interface, with `*` for any characters. */
export function filterInterfaceComplaint(text: string): Complaint {
  if (/^[a-zA-Z0-9_.*-]{1,15}$/.test(text)) return undefined
  return 'an interface pattern has 1 to 15 letters, digits, "_", ".", "*" and "-"'
}

/** The same, but not all interfaces. */
export function ignoredInterfaceComplaint(text: string): Complaint {
  return text === '*' ? 'not all interfaces can be ignored; name some' : filterInterfaceComplaint(text)
}

/** What iptables and nftables take for interfaces: a name, or the beginning of names and "+". */
export function interfaceFilterComplaint(text: string): Complaint {
  if (/^[a-zA-Z0-9:._+-]{1,15}$/.test(text)) return undefined
  return 'an interface filter has 1 to 15 letters, digits and ":._+-"'
}

export function containerIdComplaint(text: string): Complaint {
  if (text.length <= 1024 && /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(text)) return undefined
  return 'a container id consists of letters, digits and "-", and begins and ends with a letter or digit'
}

/** Kubernetes' IsValidPortName. */
export function portNameComplaint(text: string): Complaint {
  const valid = text.length <= 15 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) && /[a-z]/.test(text)
  return valid ? undefined : 'a port name has at most 15 lower case letters, digits and single dashes, and a letter'
}

/** `key=value` pairs between commas. */
export function keyValueListComplaint(text: string): Complaint {
  const wrong = text.split(',').find((item) => item !== '' && !/^\s*\w+=/.test(item) && text.trim() !== '')
  return wrong === undefined
    ? undefined
    : `write key=value pairs with commas between them, not ${JSON.stringify(wrong)}`
}

/** A WireGuard key: 32 bytes in base64. */
export function wireguardKeyComplaint(text: string): Complaint {
  return /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text) ? undefined : 'a WireGuard key is 32 bytes in base64'
}
