import fc from 'fast-check'
import type { ResourceOf } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import { anyMetadata, anyNet, anySelectorText, defined, optional } from './resources.ts'

const anyAsNumber = fc.oneof(fc.integer({ min: 64_512, max: 65_534 }), fc.integer({ min: 1, max: 0xffff_ffff }))
const anyCommunity = fc.constantFrom('65000:100', '0:0', '65000:1:4294967295')

export const anyBGPConfiguration: fc.Arbitrary<ResourceOf<'BGPConfiguration'>> = fc
  .record({
    name: fc.constantFrom('default', 'node.node-1'),
    logSeverityScreen: fc.constantFrom('Info', 'DEBUG', undefined),
    listenPort: optional(fc.integer({ min: 1, max: 65_535 })),
    bindMode: fc.constantFrom('None' as const, 'NodeIP' as const, undefined),
    ignoredInterfaces: optional(fc.constant(['dummy*', 'eth1'])),
    prefixAdvertisements: optional(
      fc.tuple(anyNet(4), anyCommunity).map(([cidr, value]) => [{ cidr, communities: [value] }]),
    ),
    global: fc.record({
      asNumber: optional(anyAsNumber),
      nodeToNodeMeshEnabled: optional(fc.boolean()),
      serviceClusterIPs: optional(anyNet(4).map((cidr) => [{ cidr }])),
    }),
  })
  .map(({ name, global, ...spec }) => ({
    apiVersion,
    kind: 'BGPConfiguration',
    metadata: { name },
    spec: defined<ResourceOf<'BGPConfiguration'>['spec']>(name === 'default' ? { ...spec, ...global } : spec),
  }))

const anyPeerOf = fc.oneof(
  fc.record({
    peerIP: fc.constantFrom('172.16.0.9', '172.16.0.9:1179', 'fd00::9', '[fd00::9]:1179'),
    asNumber: anyAsNumber,
  }),
  anySelectorText.filter((text) => text !== '').map((peerSelector) => ({ peerSelector })),
)

/** They name no filters, which would have to be there. */
export const anyBGPPeer: fc.Arbitrary<ResourceOf<'BGPPeer'>> = fc
  .record({
    metadata: anyMetadata,
    peer: anyPeerOf,
    node: optional(fc.constantFrom('node-1', 'node-2')),
    keepaliveTime: optional(fc.constantFrom('20s', '1m30s')),
    nextHopMode: fc.constantFrom('Auto' as const, 'Self' as const, 'Keep' as const, undefined),
  })
  .map(({ metadata, peer, ...spec }) => ({
    apiVersion,
    kind: 'BGPPeer',
    metadata,
    spec: defined<ResourceOf<'BGPPeer'>['spec']>({ ...peer, ...spec }),
  }))

type FilterRule = NonNullable<ResourceOf<'BGPFilter'>['spec']['exportV4']>[number]

const anyFilterRule = (family: 4 | 6): fc.Arbitrary<FilterRule> =>
  fc
    .record({
      match: optional(
        fc.record({ cidr: anyNet(family), matchOperator: fc.constantFrom('Equal' as const, 'In' as const) }),
      ),
      interface: optional(fc.constantFrom('*', 'cali*', 'eth0')),
      communities: optional(anyCommunity.map((value) => ({ values: [value] }))),
      operations: optional(
        fc.constantFrom([{ setPriority: { value: 512 } }], [{ prependASPath: { prefix: [65_000] } }]),
      ),
      accept: fc.boolean(),
    })
    .map(({ match, accept, operations, ...rule }) =>
      defined<FilterRule>({
        ...match,
        ...rule,
        action: accept ? 'Accept' : 'Reject',
        operations: accept ? operations : undefined,
      }),
    )

const anyFilterRules = (family: 4 | 6) => fc.array(anyFilterRule(family), { maxLength: 3 })

export const anyBGPFilter: fc.Arbitrary<ResourceOf<'BGPFilter'>> = fc
  .record({
    metadata: anyMetadata,
    exportV4: anyFilterRules(4),
    importV4: anyFilterRules(4),
    exportV6: anyFilterRules(6),
    importV6: anyFilterRules(6),
  })
  .map(({ metadata, ...spec }) => ({ apiVersion, kind: 'BGPFilter', metadata, spec }))
