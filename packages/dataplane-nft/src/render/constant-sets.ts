import type { PortRange } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import { digest } from './names.ts'
import type { Elements, SetSpec } from './ruleset.ts'

/** Sets whose content never changes: rules with the same list share one, found again by its name. */
const constant = (name: string, field: SetSpec['fields'][number], interval: boolean, keys: string[]): SetSpec => ({
  name,
  fields: [field],
  interval,
  verdicts: false,
  constant: true,
  elements: elementsOf(keys),
})

export function elementsOf(keys: Iterable<string>): Elements {
  const elements = new Map<string, null>()
  for (const key of keys) elements.set(key, null)
  return elements
}

/** TCP, UDP, SCTP, UDPLite. */
export const portProtocols: SetSpec = constant('port-protocols', 'protocol', false, ['6', '17', '132', '136'])

/** @param nets canonical, of one family, disjoint */
export function netSet(family: Family, nets: readonly string[]): SetSpec {
  return constant(`nets${family}-${digest(nets.join())}`, family === 4 ? 'ipv4' : 'ipv6', true, [...nets])
}

/** @param ranges sorted and disjoint */
export function portSet(ranges: readonly PortRange[]): SetSpec {
  const keys = ranges.map(formatRange)
  return constant(`ports-${digest(keys.join())}`, 'port', true, keys)
}

/** `80` or `80-90`. */
export function formatRange({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

/** Neighbour discovery and multicast listener reports, accepted before policy: spec 02 §2.8. */
export const neighbourDiscovery: SetSpec = constant('neighbour-discovery', 'icmpv6-type', false, [
  '130',
  '131',
  '132',
  '133',
  '135',
  '136',
])

/** What an interface without address may send from `::`: listener reports, router and neighbour solicitations. */
export const unspecifiedSource: SetSpec = constant('unspecified-source', 'icmpv6-type', false, [
  '131',
  '132',
  '133',
  '135',
  '143',
])
