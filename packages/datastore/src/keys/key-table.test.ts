import { type AnyResource, apiVersion, formatJson, type Kind, kinds, parseJson, type ResourceOf } from '@tortie/model'
import { anyName, anyResource } from '@tortie/model/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affinityKey,
  affinityNamePrefix,
  blockKey,
  formatKey,
  handleKey,
  keyOf,
  keyTable,
  parseKey,
  type ResourceKey,
  type Selection,
} from '../index.ts'
import { inRange } from '../raw-store.ts'
import { isObject, isSelected, type KeyRow } from './row.ts'

const resources = '/calico/resources/v3/projectcalico.org'
const ipam = '/calico/ipam/v2'

/** Calico's keys, as spec 01 §2.1 and 2.3 print them. */
it.each<[key: ResourceKey, text: string]>([
  [{ kind: 'IPPool', name: 'default-ipv4-ippool' }, `${resources}/ippools/default-ipv4-ippool`],
  [{ kind: 'NetworkPolicy', namespace: 'prod', name: 'allow-dns' }, `${resources}/networkpolicies/prod/allow-dns`],
  [
    { kind: 'NetworkPolicy', namespace: 'prod', name: 'knp.default.web' },
    `${resources}/networkpolicies/prod/knp.default.web`,
  ],
  [
    { kind: 'StagedKubernetesNetworkPolicy', namespace: 'prod', name: 'web' },
    `${resources}/stagedkubernetesnetworkpolicies/prod/web`,
  ],
  [{ kind: 'Profile', name: 'ksa.prod.builder' }, `${resources}/profiles/ksa.prod.builder`],
  [
    { kind: 'WorkloadEndpoint', namespace: 'prod', name: 'node--1-k8s-web--0-eth0' },
    `${resources}/workloadendpoints/prod/node--1-k8s-web--0-eth0`,
  ],
  [{ kind: 'FelixConfiguration', name: 'node.node-1' }, `${resources}/felixconfigurations/node.node-1`],
  [{ kind: 'ClusterInformation', name: 'default' }, `${resources}/clusterinformations/default`],
  [{ kind: 'IPAMConfiguration', name: 'default' }, `${resources}/ipamconfigurations/default`],
  [blockKey('10.65.0.0/26'), `${ipam}/assignment/ipv4/block/10.65.0.0-26`],
  [blockKey('fd00::/122'), `${ipam}/assignment/ipv6/block/fd00::-122`],
  [blockKey('fd80:24e2:f998:72d6::/122'), `${ipam}/assignment/ipv6/block/fd80:24e2:f998:72d6::-122`],
  [affinityKey({ type: 'host', node: 'node-1', cidr: '10.65.0.0/26' }), `${ipam}/host/node-1/ipv4/block/10.65.0.0-26`],
  [
    affinityKey({ type: 'virtual', node: 'load-balancer', cidr: 'fd00::/122' }),
    `${ipam}/virtual/load-balancer/ipv6/block/fd00::-122`,
  ],
  [handleKey('k8s-pod-network.ABC'), `${ipam}/handle/k8s-pod-network.ABC`],
  [{ kind: 'IPAMConfig', name: 'default' }, `${ipam}/config`],
])('%o is %s', (key, text) => {
  expect(formatKey(key)).toBe(text)
  expect(parseKey(text)).toEqual(key)
})

it.each([
  '/calico/resources/v3/projectcalico.org/ippools/a/b',
  '/calico/resources/v3/projectcalico.org/ippools/',
  '/calico/resources/v3/projectcalico.org/networkpolicies/a',
  '/calico/resources/v3/projectcalico.org/networkpolicies//a',
  '/calico/resources/v3/projectcalico.org/unknown/a',
  '/calico/ipam/v2/assignment/ipv4/block/10.65.0.1-26',
  '/calico/ipam/v2/assignment/ipv6/block/10.65.0.0-26',
  '/calico/ipam/v2/assignment/ipv6/block/FD00::-122',
  '/calico/ipam/v2/assignment/ipv4/block/rubbish',
  '/calico/ipam/v2/host/node-1',
  '/calico/ipam/v2/host/node-1/ipv4/block/10.65.0.0-99',
  '/calico/ipam/v2/handle/a/b',
  '/calico/ipam/v2/configuration',
  '/calico/v1/Ready',
  '',
])('%s is no key', (text) => expect(parseKey(text)).toBeUndefined())

it.each<[ResourceKey, string]>([
  [{ kind: 'IPAMBlock', name: '10.65.0.0/26' }, 'use blockKey'],
  [{ kind: 'IPAMBlock', name: '10-65-0-1-26' }, 'use blockKey'],
  [{ kind: 'BlockAffinity', name: 'node-1-10-65-0-0-26' }, 'use affinityKey'],
  [{ kind: 'IPAMHandle', name: 'a/b' }, 'without slashes'],
  [{ kind: 'IPAMConfig', name: 'other' }, 'its only name is default'],
  [
    { kind: 'NetworkPolicy', name: 'a' },
    'NetworkPolicy(a) cannot be addressed: give a name and a namespace without slashes',
  ],
  [{ kind: 'Tier', name: '' }, 'give a name without slashes'],
  [{ kind: 'Tier', name: 'a', namespace: 'b' }, 'Tier(b/a) cannot be addressed: the kind has no namespaces'],
])('%o cannot be a key', (key, why) => expect(() => formatKey(key)).toThrow(why))

const anyIpamResource: fc.Arbitrary<AnyResource> = fc
  .record({
    node: anyName,
    type: fc.constantFrom('host' as const, 'virtual' as const),
    cidr: fc.oneof(
      fc.tuple(fc.nat(255), fc.nat(3)).map(([b, q]) => `10.${b}.0.${q * 64}/26`),
      fc.constantFrom('fd00::/122', '::/122', '1:2:3:4:5:6:7:0/122', 'fd00:0:0:1::40/122'),
    ),
    state: fc.constantFrom('' as const, 'confirmed' as const, 'pending' as const, 'pendingDeletion' as const),
    deleted: fc.boolean(),
    handleID: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
  })
  .chain(({ node, type, cidr, state, deleted, handleID }) =>
    fc.constantFrom<unknown>(
      { kind: 'BlockAffinity', key: affinityKey({ type, node, cidr }), spec: { node, type, cidr, state, deleted } },
      { kind: 'IPAMHandle', key: handleKey(handleID), spec: { handleID, block: { [cidr]: 3 }, deleted } },
    ),
  )
  .map((made) => {
    const { kind, key, spec } = made as { kind: Kind; key: ResourceKey; spec: unknown }
    return { apiVersion, kind, metadata: { name: key.name }, spec } as unknown as AnyResource
  })

const anyStored = fc.oneof(
  anyResource.filter(({ kind }) => kind !== 'BlockAffinity'),
  anyIpamResource,
)
const rowOf = (kind: Kind): KeyRow => keyTable[kind] as unknown as KeyRow

describe('every kind', () => {
  it('has a row, under its own name and plural', () => {
    expect(Object.keys(keyTable).sort()).toEqual(Object.keys(kinds).sort())
    for (const [kind, row] of Object.entries(keyTable)) expect(row.kind).toBe(kind)
    expect(new Set(Object.values(kinds).map(({ plural }) => plural)).size).toBe(Object.keys(kinds).length)
  })

  it('has keys that name what they were made of, and lie in the ranges of its selections alone', () => {
    fc.assert(
      fc.property(anyStored, fc.nat(8), (resource, length) => {
        const key = keyOf(resource)
        const text = formatKey(key)
        expect(parseKey(text)).toEqual(key)
        const within: Selection[] = [
          { kind: key.kind },
          { kind: key.kind, namePrefix: key.name.slice(0, length) },
          { kind: key.kind, namePrefix: key.name },
          ...(key.namespace === undefined ? [] : [{ kind: key.kind, namespace: key.namespace }]),
        ]
        for (const selection of within) {
          expect(inRange(rowOf(key.kind).range(selection), text)).toBe(true)
          expect(isSelected(selection, key)).toBe(true)
        }
        for (const other of Object.values(keyTable))
          if (other.kind !== key.kind) expect(other.parse(text)).toBeUndefined()
      }),
    )
  })

  it('comes back from its value as it was', () => {
    fc.assert(
      fc.property(anyStored, (resource) => {
        const row = rowOf(resource.kind)
        const { resourceVersion: _, ...metadata } = resource.metadata
        const value = parseJson(
          formatJson(row.encode({ ...resource, metadata: { ...metadata, resourceVersion: '5' } })),
        )
        expect(isObject(value)).toBe(true)
        expect(row.decode(keyOf(resource), value as never)).toEqual({ ...resource, metadata })
      }),
    )
  })

  it('keeps fields that are not known, in a value that is read and written', () => {
    fc.assert(
      fc.property(anyStored, fc.jsonValue(), (resource, strange) => {
        const row = rowOf(resource.kind)
        const value = { ...row.encode(resource), 'x-strange': strange as never }
        const again = row.encode(row.decode(keyOf(resource), parseJson(formatJson(value)) as never))
        if (strange === null || strange === false || strange === 0 || strange === '') return // Go leaves these out
        expect(parseJson(formatJson(again))).toEqual(parseJson(formatJson(value)))
      }),
    )
  })
})

const encoded = (resource: AnyResource): unknown => JSON.parse(formatJson(rowOf(resource.kind).encode(resource)))

describe('what is written', () => {
  it('is the whole object, without revision and link, with the creation time or null', () => {
    const tier: ResourceOf<'Tier'> = {
      apiVersion,
      kind: 'Tier',
      metadata: { name: 't', resourceVersion: '7', uid: 'u', selfLink: '/x' } as ResourceOf<'Tier'>['metadata'],
      spec: { order: 1 },
    }
    expect(encoded(tier)).toEqual({
      apiVersion,
      kind: 'Tier',
      metadata: { name: 't', uid: 'u', creationTimestamp: null },
      spec: { order: 1 },
    })
  })

  it.each(['NetworkPolicy', 'GlobalNetworkPolicy', 'StagedNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const)(
    'keeps the name of a %s beside it, unseen',
    (kind) => {
      const metadata = {
        name: 'default.x',
        ...(kinds[kind].namespaced && { namespace: 'ns' }),
        annotations: { a: 'b' },
      }
      const policy = { apiVersion, kind, metadata, spec: {} } as ResourceOf<'NetworkPolicy'>
      const annotations = { a: 'b', 'projectcalico.org/metadata': '{"name":"default.x"}' }
      expect(encoded(policy)).toMatchObject({ metadata: { annotations } })
      expect(rowOf(kind).decode(keyOf(policy), encoded(policy) as never).metadata).toEqual(metadata)
    },
  )

  it('of an affinity is its state alone, of a handle its blocks', () => {
    const spec = { type: 'host', node: 'n', cidr: '10.0.0.0/26', state: 'pending', deleted: false } as const
    const { name } = affinityKey(spec)
    expect(encoded({ apiVersion, kind: 'BlockAffinity', metadata: { name }, spec })).toEqual({
      state: 'pending',
      deleted: false,
    })
    const handle = { handleID: 'h', block: { '10.0.0.0/26': 1 }, deleted: false }
    expect(encoded({ apiVersion, kind: 'IPAMHandle', metadata: { name: 'h' }, spec: handle })).toEqual({
      block: { '10.0.0.0/26': 1 },
      deleted: false,
    })
  })

  it('of the IPAM configuration is in snake case, without what is false or zero', () => {
    const config = (spec: ResourceOf<'IPAMConfig'>['spec']): unknown =>
      encoded({ apiVersion, kind: 'IPAMConfig', metadata: { name: 'default' }, spec })
    expect(config({ strictAffinity: true, autoAllocateBlocks: false, maxBlocksPerHost: 20 })).toEqual({
      strict_affinity: true,
      maxBlocksPerHost: 20,
    })
    expect(config({})).toEqual({ auto_allocate_blocks: true })
  })

  it('of a block has the names that Calico gives it, and every digit', () => {
    const { name } = blockKey('10.65.0.0/30')
    const block: ResourceOf<'IPAMBlock'> = {
      apiVersion,
      kind: 'IPAMBlock',
      metadata: { name },
      spec: {
        cidr: '10.65.0.0/30',
        affinityClaimTime: '2026-08-10T12:00:00Z',
        allocations: [0, null, 1, null],
        unallocated: [3, 1],
        attributes: [{ handle_id: 'h', secondary: { node: 'n' } }, { releasedAt: '2026-08-10T12:05:00Z' }],
        sequenceNumber: 1_754_827_200_123_456_791n,
        sequenceNumberForAllocation: { '0': 1_754_827_200_123_456_789n },
        deleted: false,
      },
    }
    const text = formatJson(rowOf('IPAMBlock').encode(block))
    expect(text).toContain('"sequenceNumber":1754827200123456791')
    expect(text).toContain('"0":1754827200123456789')
    expect(JSON.parse(text)).toMatchObject({ affinity: null, affinity_claim_time: '2026-08-10T12:00:00Z' })
    expect(text).not.toContain('affinityClaimTime')
  })

  it.each<AnyResource>([
    {
      apiVersion,
      kind: 'BlockAffinity',
      metadata: { name: 'host:n:10-0-0-0-26' },
      spec: { type: 'host', node: 'other', cidr: '10.0.0.0/26', state: '', deleted: false },
    },
    { apiVersion, kind: 'IPAMHandle', metadata: { name: 'h' }, spec: { handleID: 'i', block: {}, deleted: false } },
  ])('is refused when an IPAM object is named otherwise than it is: $kind', (resource) => {
    expect(() => encoded(resource)).toThrow('cannot be addressed')
  })
})

describe('what is read', () => {
  const decode = (text: string, value: object): AnyResource => {
    const key = parseKey(text)!
    return rowOf(key.kind).decode(key, value as never)
  }

  it('of a policy that an old release wrote has the name of its key', () => {
    const old = { kind: 'GlobalNetworkPolicy', metadata: { name: 'foo' }, spec: { tier: 'default' } }
    const { metadata } = decode(`${resources}/globalnetworkpolicies/default.foo`, old)
    expect(metadata).toEqual({ name: 'default.foo' })
  })

  it('of an affinity may be nothing, of a config without the switch means false', () => {
    expect(decode(`${ipam}/host/n/ipv4/block/10.0.0.0-26`, {}).spec).toEqual({
      state: '',
      deleted: false,
      type: 'host',
      node: 'n',
      cidr: '10.0.0.0/26',
    })
    expect(decode(`${ipam}/config`, {}).spec).toEqual({
      strictAffinity: false,
      autoAllocateBlocks: false,
      maxBlocksPerHost: 0,
    })
  })

  it('of a block bears what Go leaves null or out', () => {
    const value = { cidr: '10.0.0.0/30', affinity: null, allocations: [], unallocated: null, attributes: null }
    expect(decode(`${ipam}/assignment/ipv4/block/10.0.0.0-30`, value).spec).toEqual({
      cidr: '10.0.0.0/30',
      affinity: null,
      allocations: [],
      unallocated: [],
      attributes: [],
      sequenceNumber: 0n,
      sequenceNumberForAllocation: {},
      deleted: false,
    })
  })

  it('without metadata, or with a spec or number that is none, is refused', () => {
    expect(() => decode(`${resources}/tiers/t`, {})).toThrow('metadata is missing')
    expect(() => decode(`${resources}/tiers/t`, { metadata: {}, spec: [] })).toThrow('spec is not an object')
    expect(() => decode(`${ipam}/assignment/ipv4/block/10.0.0.0-30`, { sequenceNumber: '1' })).toThrow(
      'sequence number',
    )
  })
})

it('all affinities of a node have names that begin alike, and a range of their own', () => {
  const namePrefix = affinityNamePrefix({ type: 'host', node: 'n' })
  const range = keyTable.BlockAffinity.range({ kind: 'BlockAffinity', namePrefix })
  const inside = (node: string): boolean =>
    inRange(range, formatKey(affinityKey({ type: 'host', node, cidr: '10.0.0.0/26' })))
  expect([inside('n'), inside('n-1'), inside('n.a'), inside('m')]).toEqual([true, false, false, false])
})
