import fc from 'fast-check'
import type { AsPath } from '../message/as-path.ts'
import type { Capability } from '../message/capabilities.ts'
import { SegmentType } from '../message/iana.ts'
import { type Nlri, wordsOf } from '../message/nlri.ts'
import type { OpenMessage } from '../message/open.ts'
import { defaultWireOptions, type WireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { emptyUpdate, type UpdateMessage } from '../message/update.ts'

const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const ipv4 = fc.ipV4()
const as = fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff_ffff }))
const asBelow = fc.integer({ min: 1, max: 23_455 })
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: 1, maxLength: 5 })

/** Options of every kind, for one direction. */
export const anyOptions: fc.Arbitrary<WireOptions> = fc
  .record({ as4: fc.boolean(), v4: fc.boolean(), v6: fc.boolean(), extended: fc.boolean(), nextHop: fc.boolean() })
  .map(({ as4, v4, v6, extended, nextHop }) => ({
    ...defaultWireOptions,
    as4,
    addPath: { 4: v4, 6: v6 },
    extendedMessage: extended,
    extendedNextHop: nextHop,
  }))

/** Prefixes whose bits beyond the length are zero. */
export function anyNlri(family: 4 | 6, addPath: boolean, minLength = 0): fc.Arbitrary<Nlri> {
  const size = wordsOf(family)
  const entry = fc.record({
    length: fc.integer({ min: 0, max: 32 * size }),
    words: fc.array(u32, { minLength: size, maxLength: size }),
    id: u32,
  })
  return fc.array(entry, { minLength, maxLength: 20 }).map((entries) => ({
    family,
    count: entries.length,
    words: Uint32Array.from(
      entries.flatMap(({ words, length }) => words.map((word, w) => masked(word, length - 32 * w))),
    ),
    lengths: Uint8Array.from(entries, ({ length }) => length),
    pathIds: addPath ? Uint32Array.from(entries, ({ id }) => id) : undefined,
  }))
}

const masked = (word: number, bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? word : word & (-1 << (32 - bits)))

/** Paths; without 4-octet numbers only sequences survive a 2-octet peer unchanged, so only those are made for it. */
export function anyAsPath(as4: boolean): fc.Arbitrary<AsPath> {
  const types = as4 ? Object.values(SegmentType) : [SegmentType.AS_SEQUENCE]
  const segment = fc.record({ type: fc.constantFrom(...types), asns: fc.array(as, { minLength: 1, maxLength: 10 }) })
  return fc.array(segment, { maxLength: as4 ? 4 : 1 })
}

/** Attributes of every kind, each present or not; ORIGIN and AS_PATH always. */
export function anyAttributes(as4: boolean): fc.Arbitrary<PathAttributes> {
  return fc.record(
    {
      origin: fc.constantFrom(0, 1, 2),
      asPath: anyAsPath(as4),
      nextHop: ipv4,
      med: u32,
      localPref: u32,
      atomicAggregate: fc.constant(true),
      aggregator: fc.record({ as: as4 ? as : asBelow, address: ipv4 }),
      communities: some(u32),
      originatorId: ipv4,
      clusterList: some(ipv4),
      extendedCommunities: some(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
      aigp: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      largeCommunities: some(fc.tuple(u32, u32, u32)),
      otc: u32,
      unknown: some(fc.record({ flags: fc.constant(0xe0), type: u8, value: bytes(300) })).map((all) =>
        all.map((one, i) => ({ ...one, type: 200 + i })),
      ),
    },
    { requiredKeys: ['origin', 'asPath', 'nextHop'] },
  ) as fc.Arbitrary<PathAttributes>
}

/** Valid UPDATEs in both families, for the options. */
export function anyUpdate(options: WireOptions): fc.Arbitrary<UpdateMessage> {
  const mpReach = fc.record(
    {
      nextHop: fc.constantFrom('2001:db8::1', 'fd00::2'),
      linkLocal: fc.constant('fe80::1'),
      nlri: anyNlri(6, options.addPath[6], 1),
    },
    { requiredKeys: ['nextHop', 'nlri'] },
  )
  return fc.record(
    {
      kind: fc.constant(emptyUpdate.kind),
      withdrawn: anyNlri(4, options.addPath[4]),
      nlri: anyNlri(4, options.addPath[4]),
      mpReach,
      mpUnreach: anyNlri(6, options.addPath[6]),
      attributes: anyAttributes(options.as4),
    },
    { requiredKeys: ['kind', 'withdrawn', 'nlri', 'attributes'] },
  ) as fc.Arbitrary<UpdateMessage>
}

const family = { afi: u16, safi: u8 }
const families = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.array(
    fc.tuple(fc.record(family), fc.record<T>(fields)).map(([afiSafi, rest]) => ({ ...afiSafi, ...(rest as T) })),
    { maxLength: 4 },
  )
const plain = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind) })

export const anyCapability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ kind: fc.constant('multiprotocol' as const), ...family }),
  plain('routeRefresh'),
  plain('extendedMessage'),
  plain('enhancedRouteRefresh'),
  fc.record({ kind: fc.constant('extendedNextHop' as const), families: families({ nextHopAfi: u16 }) }),
  fc.record({ kind: fc.constant('role' as const), role: u8 }),
  fc.record({
    kind: fc.constant('gracefulRestart' as const),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    time: fc.integer({ min: 0, max: 4095 }),
    families: families({ forwarding: fc.boolean() }),
  }),
  fc.record({ kind: fc.constant('fourOctetAs' as const), as: u32 }),
  fc.record({
    kind: fc.constant('addPath' as const),
    families: families({ receive: fc.boolean(), send: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('longLivedGracefulRestart' as const),
    families: families({ forwarding: fc.boolean(), staleTime: fc.integer({ min: 0, max: 0xffffff }) }),
  }),
  fc.record({ kind: fc.constant('fqdn' as const), host: fc.domain(), domain: fc.domain() }).map((fqdn) => ({
    ...fqdn,
    host: fqdn.host.slice(0, 60),
    domain: fqdn.domain.slice(0, 60),
  })),
  fc.record({
    kind: fc.constant('unknown' as const),
    code: fc.integer({ min: 128, max: 255 }),
    value: bytes(200),
  }),
)

/** OPENs with any capabilities, over 255 octets of them too. */
export const anyOpen: fc.Arbitrary<OpenMessage> = fc.record({
  kind: fc.constant('OPEN' as const),
  myAs: u16,
  holdTime: u16,
  bgpId: ipv4,
  capabilities: fc.array(anyCapability, { maxLength: 12 }),
})
