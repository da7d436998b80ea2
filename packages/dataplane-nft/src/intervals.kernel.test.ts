import {
  deltaBetween,
  type EndpointProgram,
  emptyNat,
  emptyProgram,
  type PolicyProgram,
  type Rule,
} from '@tortie/dataplane'
import { addressOf, type Family, formatPrefix, mergePrefixes, prefixOf, width } from '@tortie/ip'
import { openNetlink } from '@tortie/linux'
import { createTestNetns } from '@tortie/linux/testing'
import { type Meter, silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createNftDataplane } from './index.ts'

const call = { signal: new AbortController().signal }
const bases = { 4: 0x0a00_0000n, 6: 0xfd00n << 112n } as const

/** Prefixes within 32 neighbouring addresses, disjoint or touching, of any length from the whole down to one host. */
function arbitraryPrefixes(family: Family): fc.Arbitrary<string[]> {
  const one = fc
    .tuple(fc.nat(31), fc.integer({ min: width(family) - 5, max: width(family) }))
    .map(([host, length]) => prefixOf(addressOf(family, bases[family] + BigInt(host)), length))
  return fc.array(one, { maxLength: 6 }).chain((prefixes) => {
    // Either merged, or only those that no earlier one overlaps.
    const apart = prefixes.filter((prefix, at) =>
      prefixes.slice(0, at).every((other) => mergePrefixes([prefix, other]).length === 2 || touches(prefix, other)),
    )
    return fc.constantFrom(mergePrefixes(prefixes), apart).map((chosen) => [...new Set(chosen.map(formatPrefix))])
  })
}

function touches(a: ReturnType<typeof prefixOf>, b: ReturnType<typeof prefixOf>): boolean {
  const size = (prefix: typeof a) => 1n << BigInt(width(prefix.family) - prefix.length)
  return a.value + size(a) === b.value || b.value + size(b) === a.value
}

const arbitraryMembers = fc.tuple(arbitraryPrefixes(4), arbitraryPrefixes(6)).map(([v4, v6]) => new Set([...v4, ...v6]))

const rule: Rule = { action: 'allow', source: { ipSets: ['s:x'] }, destination: {}, index: 0 }
const endpoint = (spoofablePrefixes: string[]): EndpointProgram => ({
  kind: 'workload',
  interface: 'cali1',
  active: true,
  addresses: ['10.65.0.1/32', 'fd00:65::1/128'],
  spoofablePrefixes,
  ingress: [{ name: 'default', policies: ['gnp/p'], defaultAction: 'deny' }],
  egress: [],
  profiles: [],
})
const programOf = (members: ReadonlySet<string>): PolicyProgram => ({
  ipSets: new Map([['s:x', { type: 'net', members }]]),
  policies: new Map([['gnp/p', { ingress: [rule], egress: [] }]]),
  endpoints: new Map([['prod/pod', endpoint([...members])]]),
})

it('CIDRs that split, join and take the place of others go in at the first try', async () => {
  using netns = createTestNetns('intervals')
  let refused = 0
  const meter: Meter = {
    ...silentMeter,
    counter: () => ({
      add(amount, labels) {
        if (labels?.outcome === 'refused') refused += amount
      },
    }),
  }
  const open = () =>
    createNftDataplane({ transport: openNetlink({ protocol: 12, netns }), clock: systemClock, log: silentLog, meter })
  await using dataplane = open()
  let now: PolicyProgram = emptyProgram
  await fc.assert(
    fc.asyncProperty(arbitraryMembers, async (members) => {
      const next = programOf(members)
      await dataplane.apply(deltaBetween(now, next), emptyNat, call)
      now = next
      await using another = open()
      const { changed } = await another.apply(deltaBetween(emptyProgram, next), emptyNat, call)
      expect({ changed, refused }).toEqual({ changed: 0, refused: 0 })
    }),
    { numRuns: 300 },
  )
})
