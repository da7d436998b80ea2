import fc from 'fast-check'
import type { IPPool } from '../kinds/ip-pool.ts'
import type { ResourceOf } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import type { EntityRule, Rule } from '../kinds/rule.ts'
import { workloadEndpointName } from '../names/workload-endpoint.ts'
import { formatSelector } from '../selector/format.ts'
import { anyLabels, anySelector } from './selectors.ts'

/** Objects that validate. They are small and alike, so that they meet. */

export const anyName: fc.Arbitrary<string> = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/)

export const anySelectorText = anySelector
  .map(formatSelector)
  .filter((text) => text.length <= 1024 && !text.includes('global('))

type Family = 4 | 6

export const anyNet = (family: Family): fc.Arbitrary<string> =>
  family === 4
    ? fc.constantFrom('10.0.0.0/8', '10.65.0.0/16', '10.65.3.0/26', '10.65.3.7/32', '192.0.2.0/24')
    : fc.constantFrom('fd00::/8', 'fd00:1::/64', 'fd00:1::7/128', '2001:db8::/32')

const anyPort: fc.Arbitrary<number | string> = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }),
  fc
    .tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 900 }))
    .map(([first, more]) => (more === 0 ? first : `${first}:${first + more}`)),
  fc.constantFrom('http', 'metrics'),
)

export const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

/** Leaves out what is undefined, as JSON does, and the types demand. */
export function defined<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

const anyEntity = (family: Family, withPorts: boolean): fc.Arbitrary<EntityRule> =>
  fc
    .record({
      nets: optional(fc.array(anyNet(family), { minLength: 1, maxLength: 3 })),
      notNets: optional(fc.array(anyNet(family), { minLength: 1, maxLength: 2 })),
      selector: optional(anySelectorText),
      notSelector: optional(anySelectorText),
      namespaceSelector: optional(fc.oneof(anySelectorText, fc.constant('global()'))),
      ports: withPorts ? optional(fc.array(anyPort, { minLength: 1, maxLength: 3 })) : fc.constant(undefined),
      notPorts: withPorts ? optional(fc.array(anyPort, { minLength: 1, maxLength: 2 })) : fc.constant(undefined),
    })
    .map((entity) => defined<EntityRule>(entity))

const protocols = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'UDPLite', 6, 17, 47, undefined] as const
const familyOf: Readonly<Record<string, Family>> = { ICMP: 4, ICMPv6: 6 }
const portProtocols: readonly unknown[] = ['TCP', 'UDP', 'SCTP', 6, 17]

export const anyRule: fc.Arbitrary<Rule> = fc
  .tuple(fc.constantFrom(...protocols), fc.constantFrom<Family>(4, 6))
  .chain(([protocol, preferred]) => {
    const family = familyOf[String(protocol)] ?? preferred
    const withPorts = portProtocols.includes(protocol)
    return fc
      .record({
        action: fc.constantFrom('Allow' as const, 'Deny' as const, 'Log' as const, 'Pass' as const),
        ipVersion: optional(fc.constant(family)),
        protocol: fc.constant(protocol),
        icmp: familyOf[String(protocol)]
          ? optional(fc.record({ type: fc.nat(254), code: fc.nat(255) }))
          : fc.constant(undefined),
        source: optional(anyEntity(family, withPorts)),
        destination: optional(anyEntity(family, withPorts)),
      })
      .map((rule) => defined<Rule>(rule))
  })

export const anyMetadata = fc
  .record({ name: anyName, labels: optional(anyLabels) })
  .map((metadata) => defined<{ name: string; labels?: Readonly<Record<string, string>> }>(metadata))

const anyRules = fc.array(anyRule, { maxLength: 3 })

const policyFields = {
  tier: optional(fc.constantFrom('default', 'platform', 'security')),
  order: optional(fc.oneof(fc.integer({ min: -5, max: 2000 }), fc.constant(0.5))),
  selector: optional(anySelectorText),
  serviceAccountSelector: optional(anySelectorText),
  ingress: optional(anyRules),
  egress: optional(anyRules),
  types: optional(fc.constantFrom(['Ingress' as const], ['Egress' as const], ['Ingress' as const, 'Egress' as const])),
}

export const anyNetworkPolicy: fc.Arbitrary<ResourceOf<'NetworkPolicy'>> = fc
  .tuple(anyMetadata, fc.constantFrom('default', 'prod'), fc.record(policyFields))
  .map(([metadata, namespace, spec]) => ({
    apiVersion,
    kind: 'NetworkPolicy',
    metadata: { ...metadata, namespace },
    spec: defined<ResourceOf<'NetworkPolicy'>['spec']>(spec),
  }))

export const anyGlobalNetworkPolicy: fc.Arbitrary<ResourceOf<'GlobalNetworkPolicy'>> = fc
  .tuple(anyMetadata, fc.record({ ...policyFields, namespaceSelector: optional(anySelectorText) }))
  .map(([metadata, spec]) => ({
    apiVersion,
    kind: 'GlobalNetworkPolicy',
    metadata,
    spec: defined<ResourceOf<'GlobalNetworkPolicy'>['spec']>(spec),
  }))

export const anyTier: fc.Arbitrary<ResourceOf<'Tier'>> = fc
  .tuple(
    fc.constantFrom('platform', 'security', 'baseline'),
    optional(fc.integer({ min: 1, max: 5000 })),
    optional(fc.constantFrom('Deny' as const, 'Pass' as const)),
  )
  .map(([name, order, defaultAction]) => ({
    apiVersion,
    kind: 'Tier',
    metadata: { name },
    spec: defined<ResourceOf<'Tier'>['spec']>({ order, defaultAction }),
  }))

export const anyProfile: fc.Arbitrary<ResourceOf<'Profile'>> = fc
  .tuple(fc.constantFrom('kns.default', 'kns.prod', 'ksa.prod.builder'), anyRules, anyRules, anyLabels)
  .map(([name, ingress, egress, labelsToApply]) => ({
    apiVersion,
    kind: 'Profile',
    metadata: { name },
    spec: { ingress, egress, labelsToApply },
  }))

export const anyGlobalNetworkSet: fc.Arbitrary<ResourceOf<'GlobalNetworkSet'>> = fc
  .tuple(anyMetadata, fc.array(fc.oneof(anyNet(4), anyNet(6)), { maxLength: 4 }))
  .map(([metadata, nets]) => ({ apiVersion, kind: 'GlobalNetworkSet', metadata, spec: { nets } }))

export const anyNetworkSet: fc.Arbitrary<ResourceOf<'NetworkSet'>> = fc
  .tuple(anyGlobalNetworkSet, fc.constantFrom('default', 'prod'))
  .map(([set, namespace]) => ({ ...set, kind: 'NetworkSet', metadata: { ...set.metadata, namespace } }))

export const anyIPPool: fc.Arbitrary<IPPool> = fc
  .record({
    metadata: anyMetadata,
    cidr: fc.constantFrom('10.65.0.0/16', '10.66.0.0/20', '192.168.0.0/16', 'fd00:1::/64', 'fd00:2::/112'),
    natOutgoing: fc.boolean(),
    disabled: fc.boolean(),
    encap: fc.constantFrom('Never', 'Always', 'CrossSubnet'),
    nodeSelector: optional(anySelectorText),
  })
  .map(({ metadata, encap, nodeSelector, ...spec }) => ({
    apiVersion,
    kind: 'IPPool',
    metadata,
    spec: { ...spec, vxlanMode: encap as 'Never', ...(nodeSelector !== undefined && { nodeSelector }) },
  }))

export const anyWorkloadEndpoint: fc.Arbitrary<ResourceOf<'WorkloadEndpoint'>> = fc
  .record({
    node: fc.constantFrom('node-1', 'node-2'),
    containerID: fc.stringMatching(/^[a-f0-9]{12}$/),
    labels: anyLabels,
    namespace: fc.constantFrom('default', 'prod'),
    v4: fc.nat(255),
    v6: optional(fc.nat(255)),
    ports: optional(fc.constant([{ name: 'http', protocol: 'TCP', port: 8080 }])),
  })
  .map(({ node, containerID, labels, namespace, v4, v6, ports }) => {
    const identity = { node, orchestrator: 'cni', containerID, endpoint: 'eth0' }
    return {
      apiVersion,
      kind: 'WorkloadEndpoint',
      metadata: { name: workloadEndpointName(identity), namespace, labels },
      spec: {
        ...identity,
        interfaceName: `cali${containerID.slice(0, 11)}`,
        mac: 'ee:ee:ee:ee:ee:ee',
        ipNetworks: [`10.65.0.${v4}/32`, ...(v6 === undefined ? [] : [`fd00:1::${v6.toString(16)}/128`])],
        profiles: [`kns.${namespace}`],
        ...(ports && { ports }),
      },
    }
  })

export const anyNode: fc.Arbitrary<ResourceOf<'Node'>> = fc
  .tuple(fc.constantFrom('node-1', 'node-2', 'node-3'), fc.integer({ min: 1, max: 254 }), optional(fc.nat(0xffff_ffff)))
  .map(([name, host, asNumber]) => ({
    apiVersion,
    kind: 'Node',
    metadata: { name },
    spec: { bgp: { ipv4Address: `172.16.0.${host}/24`, ...(asNumber !== undefined && { asNumber }) } },
  }))

export const anyIPReservation: fc.Arbitrary<ResourceOf<'IPReservation'>> = fc
  .tuple(anyMetadata, fc.array(fc.oneof(anyNet(4), anyNet(6)), { maxLength: 3 }))
  .map(([metadata, reservedCIDRs]) => ({ apiVersion, kind: 'IPReservation', metadata, spec: { reservedCIDRs } }))

export const anyIPAMBlock: fc.Arbitrary<ResourceOf<'IPAMBlock'>> = fc
  .record({
    third: fc.nat(255),
    taken: fc.uniqueArray(fc.nat(15), { maxLength: 16 }),
    sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    affinity: fc.constantFrom('host:node-1', 'virtual:load-balancer', null),
  })
  .map(({ third, taken, sequenceNumber, affinity }) => ({
    apiVersion,
    kind: 'IPAMBlock',
    metadata: { name: `10-65-${third}-0-28` },
    spec: {
      cidr: `10.65.${third}.0/28`,
      affinity,
      allocations: Array.from({ length: 16 }, (_, i) => (taken.includes(i) ? 0 : null)),
      unallocated: Array.from({ length: 16 }, (_, i) => i).filter((i) => !taken.includes(i)),
      attributes: [{ handle_id: 'net.c1', secondary: { node: 'node-1' } }],
      sequenceNumber,
      sequenceNumberForAllocation: Object.fromEntries(taken.map((i) => [String(i), sequenceNumber])),
      deleted: false,
    },
  }))

export const anyFelixConfiguration: fc.Arbitrary<ResourceOf<'FelixConfiguration'>> = fc
  .record({
    name: fc.constantFrom('default', 'node.node-1', 'edge'),
    reportingInterval: fc.constantFrom('30s', '90s', '0s', '1m30s'),
    healthPort: fc.nat(65_535),
    logSeverityScreen: fc.constantFrom('Info', 'DEBUG', 'warning'),
  })
  .map(({ name, ...spec }) => ({ apiVersion, kind: 'FelixConfiguration', metadata: { name }, spec }))

export const anyHostEndpoint: fc.Arbitrary<ResourceOf<'HostEndpoint'>> = fc
  .record({
    metadata: anyMetadata,
    node: fc.constantFrom('node-1', 'node-2'),
    interfaceName: fc.constantFrom('eth0', '*'),
    expectedIPs: fc.subarray(['172.16.0.1', '172.16.0.2', 'fd00::1']),
    ports: optional(fc.constant([{ name: 'ssh', protocol: 'TCP', port: 22 }])),
  })
  .map(({ metadata, ...spec }) => ({
    apiVersion,
    kind: 'HostEndpoint',
    metadata,
    spec: defined<ResourceOf<'HostEndpoint'>['spec']>(spec),
  }))
