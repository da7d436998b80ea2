import { canonicalPrefix, IpError, parsePrefix, width } from '@tortie/ip'
import { DataplaneError } from './errors.ts'
import type {
  EndpointId,
  EndpointProgram,
  EntityMatch,
  IcmpMatch,
  PolicyId,
  PolicyRules,
  Rule,
} from './policy-program.ts'

/**
 * Programs come from the policy engine, which makes only sound ones. Drivers check all the same before they begin, so
 * that a fault is named and nothing is half done.
 * @throws DataplaneError `dataplane/bad-rule`
 */
export function checkPolicy(id: PolicyId, { ingress, egress }: PolicyRules): void {
  for (const [direction, rules] of [['ingress', ingress] as const, ['egress', egress] as const]) {
    for (const [at, rule] of rules.entries()) {
      const why = ruleFault(rule)
      if (why !== undefined) throw new DataplaneError('dataplane/bad-rule', { rule: `${id} ${direction}[${at}]`, why })
    }
  }
}

/** @throws DataplaneError `dataplane/bad-endpoint` */
export function checkEndpoint(id: EndpointId, endpoint: EndpointProgram): void {
  const why = endpointFault(endpoint)
  if (why !== undefined) throw new DataplaneError('dataplane/bad-endpoint', { endpoint: id, why })
}

function ruleFault({ protocol, notProtocol, icmp, notIcmp, source, destination }: Rule): string | undefined {
  return (
    byteFault('protocol', protocol) ??
    byteFault('notProtocol', notProtocol) ??
    icmpFault('icmp', icmp) ??
    icmpFault('notIcmp', notIcmp) ??
    sideFault('source', source) ??
    sideFault('destination', destination)
  )
}

function byteFault(field: string, value: number | undefined): string | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= 255)) return undefined
  return `${field} ${value} is not 0 to 255`
}

function icmpFault(field: string, match: IcmpMatch | undefined): string | undefined {
  return byteFault(`${field}.type`, match?.type) ?? byteFault(`${field}.code`, match?.code)
}

function sideFault(
  side: string,
  { nets = [], notNets = [], ports = [], notPorts = [] }: EntityMatch,
): string | undefined {
  for (const net of [...nets, ...notNets]) {
    const fault = prefixFault(net)
    if (fault !== undefined) return `${side} CIDR ${fault}`
  }
  for (const { first, last } of [...ports, ...notPorts])
    if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last <= 65_535))
      return `${side} ports ${first} to ${last} are no range within 0 to 65535`
  return undefined
}

function prefixFault(text: string): string | undefined {
  try {
    const canonical = canonicalPrefix(text)
    return canonical === text ? undefined : `${text} is written ${canonical}`
  } catch (error) {
    if (error instanceof IpError) return error.message
    throw error
  }
}

/** A name longer than the kernel's 15 bytes, or with a character that it refuses, is that of no interface. */
function endpointFault({ interface: name, addresses, spoofablePrefixes }: EndpointProgram): string | undefined {
  if (!/^[^\s/:]{1,15}$/.test(name) || new TextEncoder().encode(name).length > 15)
    return `interface ${JSON.stringify(name)} is not 1 to 15 bytes without space, slash or colon`
  for (const text of [...addresses, ...spoofablePrefixes]) {
    const fault = prefixFault(text)
    if (fault !== undefined) return `address ${fault}`
  }
  const wide = addresses.map(parsePrefix).find(({ family, length }) => length !== width(family))
  return wide && `an address has length ${wide.length} and should be one host`
}
