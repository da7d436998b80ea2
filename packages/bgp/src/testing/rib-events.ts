import type { Family } from '@tortie/ip'
import fc from 'fast-check'
import { acceptAll, type Filter, rejectAll } from '../filter/filter.ts'
import { WellKnownCommunity } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { LocalRoute, NextHopResolution, RibPeer } from '../rib/contract.ts'
import type { Session } from '../session/negotiate.ts'
import { localAs, ribPeer, ribSession } from './rib-lab.ts'

/** Peers, routes and events for the routing tables: few of each, so that they meet. */
export const prefixes: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '0.0.0.0/0'],
  6: ['fd00::/8', 'fd00:1::/64', 'fd00:1::1/128'],
}
const nextHops: Readonly<Record<Family, readonly string[]>> = {
  4: ['192.0.2.1', '192.0.2.2', '192.0.2.9', '0.0.0.0'],
  6: ['2001:db8::1', '2001:db8::2', 'fe80::7'],
}
export const byDefault: NextHopResolution = { metric: 5, interface: 'eth0' }

const filters: readonly Filter[] = [
  acceptAll,
  rejectAll,
  {
    statements: [
      { origin: 'long', match: { prefixes: [{ prefix: '10.1.0.0/16', min: 24, max: 32 }] }, verdict: 'reject' },
      { origin: 'mark', match: {}, actions: [{ do: 'addCommunity', community: 7 }], verdict: 'next' },
      { origin: 'eth1', match: { interfaces: ['eth1'] }, verdict: 'reject' },
    ],
    otherwise: 'accept',
  },
  {
    statements: [
      { origin: 'lift', match: { family: 6 }, actions: [{ do: 'setPreference', value: 200 }], verdict: 'accept' },
      { origin: 'pref', match: {}, actions: [{ do: 'setLocalPref', value: 300 }], verdict: 'accept' },
    ],
    otherwise: 'reject',
  },
]

interface PeerKind {
  readonly remoteAs: number
  readonly id: string
  readonly client?: true
  readonly addPath?: true
  readonly role?: number
}
export const kinds: readonly PeerKind[] = [
  { remoteAs: localAs, id: '10.9.0.1', client: true },
  { remoteAs: 64513, id: '10.9.0.2' },
  { remoteAs: localAs, id: '10.9.0.3' },
  { remoteAs: 64514, id: '10.9.0.4', addPath: true },
  { remoteAs: localAs, id: '10.9.0.5', client: true, addPath: true },
  { remoteAs: 64513, id: '10.9.0.6', role: 3 },
  { remoteAs: 64513, id: '10.9.0.7' },
  { remoteAs: 64514, id: '10.9.0.8', addPath: true },
]

export function configOf(i: number): RibPeer {
  const { remoteAs, id, client = false, role } = kinds[i] as PeerKind
  const own = { localId: '10.9.0.99', localAddress: { 4: '10.9.0.99', 6: '2001:db8::99' }, gracefulShutdown: true }
  return ribPeer({ key: `peer-${i}`, address: id, remoteAs, client, ...own, ...(role !== undefined && { role }) })
}

export function sessionOf(i: number): Session {
  const { remoteAs, id, addPath = false } = kinds[i] as PeerKind
  const session = ribSession(remoteAs, id)
  const wire = { ...session.send, addPath: { 4: addPath, 6: addPath } }
  return {
    ...session,
    send: wire,
    receive: wire,
    enhancedRouteRefresh: i % 2 === 0,
    ...(i === 2 && { longLived: [] }),
  }
}

const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const { NO_EXPORT, NO_ADVERTISE, LLGR_STALE, NO_LLGR, GRACEFUL_SHUTDOWN } = WellKnownCommunity

const anyPath = fc.array(some(64513, 64514, 64515, localAs), { maxLength: 3 })
const attributesFor = (internal: boolean): fc.Arbitrary<PathAttributes> =>
  fc
    .record(
      {
        origin: some<0 | 1 | 2>(0, 1),
        asns: fc.oneof(
          { weight: 4, arbitrary: some<number[]>([64513], [64514], [64513, 64515]) },
          { weight: 1, arbitrary: anyPath },
        ),
        med: some(0, 5, 10),
        communities: fc.oneof(
          some([65], [66, 65]),
          fc.subarray([NO_EXPORT, NO_ADVERTISE, LLGR_STALE, NO_LLGR, GRACEFUL_SHUTDOWN], {
            minLength: 1,
            maxLength: 1,
          }),
        ),
        ...(internal && {
          localPref: some(100, 200),
          originatorId: some('10.9.0.99', '1.1.1.1', '2.2.2.2'),
          clusterList: some(['10.9.0.99'], ['3.3.3.3'], ['3.3.3.3', '4.4.4.4']),
        }),
        otc: some(64513, 64999),
      },
      { requiredKeys: ['origin', 'asns'] },
    )
    .map(({ asns, ...rest }) => ({ ...rest, asPath: asns.length === 0 ? [] : [{ type: 2 as const, asns }] }))

const peerIndex = fc.nat(kinds.length - 1)
const family = some<Family>(4, 6)
const ofFamily = family.chain((f) =>
  fc.record({
    family: fc.constant(f),
    prefixes: fc.subarray([...prefixes[f]], { minLength: 1 }),
    nextHop: some(...nextHops[f]),
  }),
)
const pathId = fc.nat(2)

const update = peerIndex.chain((i) =>
  fc.record({
    do: fc.constant('update' as const),
    i: fc.constant(i),
    route: ofFamily,
    pathId,
    attributes: attributesFor(kinds[i]?.remoteAs === localAs),
  }),
)
export const anyEvent = fc.oneof(
  { weight: 12, arbitrary: update },
  { weight: 4, arbitrary: fc.record({ do: some('withdraw' as const), i: peerIndex, route: ofFamily, pathId }) },
  { weight: 2, arbitrary: fc.record({ do: some('open' as const), i: peerIndex }) },
  { weight: 2, arbitrary: fc.record({ do: some('close' as const), i: peerIndex, keep: fc.subarray<Family>([4, 6]) }) },
  { weight: 1, arbitrary: fc.record({ do: some('remove' as const), i: peerIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: some('markStale' as const, 'dropStale' as const, 'longLived' as const),
      i: peerIndex,
      family,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: some('refresh' as const), i: peerIndex, family }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('change' as const),
      i: peerIndex,
      changes: fc.record(
        {
          importFilter: some(...filters),
          exportFilter: some(...filters),
          nextHop: some<'auto' | 'self' | 'keep'>('auto', 'self', 'keep'),
          client: fc.boolean(),
          allowLocalAs: some(0, 1),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('resolve' as const),
      address: some(...nextHops[4], ...nextHops[6]),
      resolution: some<NextHopResolution | undefined>(
        undefined,
        { metric: 0, interface: 'eth0' },
        { metric: 10, interface: 'eth1' },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('local' as const),
      route: ofFamily,
      id: some('a', 'b', 'c'),
      source: some<LocalRoute['source']>('static', 'kernel', 'direct'),
      preference: some(10, 100, 200),
      interface: some(undefined, 'eth1', 'cali1'),
      gateway: fc.boolean(),
      attributes: some<PathAttributes>({}, { localPref: 500 }, { med: 3, communities: [9, 8] }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: some('withdrawLocal' as const), route: ofFamily, id: some('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ do: some('hold' as const), hold: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: some('work' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 6, arbitrary: fc.record({ do: some('output' as const), i: peerIndex, bytes: some(1, 60, 500) }) },
  { weight: 1, arbitrary: fc.record({ do: some('takeBest' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: some('settle' as const) }) },
)
export type RibEvent = typeof anyEvent extends fc.Arbitrary<infer E> ? E : never
