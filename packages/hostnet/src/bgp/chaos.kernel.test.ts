import type { BestPath } from '@tortie/bgp'
import { openBgpKernelPolicy as open } from '@tortie/dataplane'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BgpHost, best, blackhole, createBgpHost, onLink } from '../testing/bgp-host.ts'

const call = { signal: new AbortController().signal }
let host: BgpHost

beforeEach(() => {
  host = createBgpHost()
})
afterEach(() => host[Symbol.dispose]())

const hops = { 4: ['10.0.0.2', '10.0.0.3', '10.1.0.2'], 6: ['fd00::2', 'fd00::3', 'fd01::2'] } as const
const prefixes = ['10.65.0.0/26', '10.65.0.64/26', '10.66.0.0/24', 'fd65::/122', 'fd65::40/122']
const deviceOf = (hop: string): string => (/^(10\.1\.|fd01:)/.test(hop) ? 'up1' : 'up0')

interface Want {
  readonly prefix: string
  /** Places in `hops`; none is a withdrawal, -1 a blackhole. */
  readonly ways: readonly number[]
  readonly metric: number
}

function pathsOf({ prefix, ways, metric }: Want): BestPath[] {
  const of = hops[prefix.includes(':') ? 6 : 4]
  return ways.map((way) =>
    way < 0 ? blackhole : onLink(of[way] ?? '', deviceOf(of[way] ?? ''), { localPref: 2147483647 - metric }),
  )
}

const anyWant: fc.Arbitrary<Want> = fc.record({
  prefix: fc.constantFrom(...prefixes),
  ways: fc.oneof(fc.constant([-1]), fc.uniqueArray(fc.nat(2), { maxLength: 3 })),
  metric: fc.constantFrom(512, 1024),
})
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.array(anyWant, { minLength: 1, maxLength: 3 }) },
  fc.constantFrom(
    'link set up0 down',
    'link set up0 up',
    'link set up1 down',
    'link set up1 up',
    'route replace 10.65.0.0/26 via 10.0.0.9 metric 1024 proto static',
    'route append 10.66.0.0/24 via 10.0.0.9 metric 512 proto static',
    'route del 10.65.0.0/26 proto static',
    'route replace fd65::/122 via fd00::9 metric 512 proto static',
    'route del fd65::/122 proto static',
    'route flush proto 12',
    '-6 route flush proto 12',
    'route replace 10.65.0.64/26 via 10.0.0.9 metric 77 proto 12',
    'route change 10.65.0.64/26 via 10.0.0.8 metric 1024 proto 12',
  ),
)

/** As it was at first. IPv6 addresses go when their link goes down. */
function recover(): void {
  host.netns.ip('link set up0 up', 'link set up1 up')
  host.netns.ip('addr replace fd00::1/64 dev up0 nodad', 'addr replace fd01::1/64 dev up1 nodad')
}

it('ends in what is wanted whatever others do meanwhile, and takes nothing of theirs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (steps) => {
      recover()
      for (const family of ['-4', '-6']) tryIp(`${family} route flush proto static`)
      await using routes = host.open()
      await routes.recovered(call)
      const wanted = new Map<string, Want>()
      for (const step of steps) {
        if (typeof step === 'string') tryIp(step)
        else {
          for (const want of step) wanted.set(want.prefix, want)
          await routes.apply(
            step.map((want) => best(want.prefix, ...pathsOf(want))),
            open,
            call,
          )
        }
      }
      recover()
      const foreign = staticRoutes()
      await routes.resync(call)
      expect(staticRoutes()).toEqual(foreign)
      const conflicts = new Set([...routes.problems()].map(({ dst }) => dst))
      const found = ourRoutes()
      for (const want of wanted.values()) {
        if (conflicts.has(want.prefix)) expect(foreign.some((line) => line.includes(want.prefix))).toBe(true)
        else expect(found.get(want.prefix)).toEqual(expectedOf(want))
      }
      for (const prefix of found.keys()) expect(wanted.has(prefix)).toBe(true)
      expect(await routes.resync(call)).toMatchObject({ changed: 0, drift: [] })
      await routes.apply(
        prefixes.map((prefix) => best(prefix)),
        open,
        call,
      )
      expect(ourRoutes()).toEqual(new Map())
    }),
    { numRuns: 30 },
  )
})

/** What is refused because of what is not there is no matter. */
function tryIp(line: string): void {
  try {
    host.netns.run('ip', ...line.split(' '))
  } catch (error) {
    expect(String(error)).toMatch(
      /File exists|No such process|No such file|unreachable|No route|Network is down|[Ii]nvalid/,
    )
  }
}

interface Shown {
  readonly dst: string
  readonly type?: string
  readonly gateway?: string
  readonly metric?: number
  readonly nexthops?: readonly { readonly gateway: string }[]
}

function jsonRoutes(proto: string): Shown[] {
  return ['-4', '-6'].flatMap((family) => host.netns.ipJson(family, 'route', 'show', 'proto', proto) as Shown[])
}

const staticRoutes = (): string[] => jsonRoutes('static').map((route) => JSON.stringify(route))

/** By prefix: the ways in order, or what it is, with the metric. */
function ourRoutes(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { dst, type, gateway, nexthops, metric = 0 } of jsonRoutes('bird')) {
    const ways = nexthops?.map((hop) => hop.gateway).sort() ?? [type === 'blackhole' ? type : (gateway ?? '')]
    found.set(dst, [...(found.get(dst) ?? []), `${ways.join()} ${metric}`])
  }
  return found
}

function expectedOf({ prefix, ways, metric }: Want): string[] | undefined {
  if (ways.length === 0) return undefined
  const of = hops[prefix.includes(':') ? 6 : 4]
  if (ways[0] === -1) return [`blackhole ${prefix.includes(':') ? 1024 : 0}`]
  return [
    `${ways
      .map((way) => of[way])
      .sort()
      .join()} ${metric}`,
  ]
}

it('takes thousands of routes at once, but for those that are in the way', async () => {
  const prefixOf = (i: number): string => `20.0.${i >> 8}.${i & 255}/32`
  const theirs = Array.from({ length: 10 }, (_, i) => `route add ${prefixOf(i * 700)} via 10.0.0.9 metric 1024`)
  host.netns.ip(...theirs, 'route add fd65::/122 via fd00::9 metric 1024')
  await using routes = host.open()
  const all = Array.from({ length: 7000 }, (_, i) => best(prefixOf(i), onLink('10.0.0.2', 'up0')))
  const v6 = best('fd65::/122', onLink('fd00::2', 'up0'))
  expect((await routes.apply([...all, v6], open, call)).changed).toBe(6990)
  expect([...routes.problems()].map(({ state }) => state)).toEqual(Array.from({ length: 11 }, () => 'conflict'))
  expect(routes.counts()).toEqual({ wanted: 7001, held: 6990, waiting: 11 })
  // IPv6 would have made the two one route with two ways.
  expect(host.shown('-6').filter((line) => line.includes('fd65::'))).toEqual([
    'fd65::/122 via fd00::9 dev up0 metric 1024 pref medium',
  ])
  await routes.apply(
    all.map(({ prefix }) => best(prefix)),
    open,
    call,
  )
  expect(host.shown()).toHaveLength(10)
})

it('goes on after a call that was aborted in its midst', async () => {
  await using routes = host.open()
  await routes.apply([], open, call)
  const all = Array.from({ length: 9000 }, (_, i) => best(`20.0.${i >> 8}.${i & 255}/32`, onLink('10.0.0.2', 'up0')))
  const stop = new AbortController()
  const applying = routes.apply(all, open, stop)
  await host.until(() => host.shown().length > 0)
  stop.abort(new Error('enough'))
  await expect(applying).rejects.toThrow('enough')
  await routes.apply(all, open, call)
  expect(host.shown()).toHaveLength(9000)
  expect(await routes.resync(call)).toMatchObject({ changed: 0, drift: [] })
})

it('forgets shapes that no route has any more', async () => {
  await using routes = host.open()
  const addresses = Array.from({ length: 50 }, (_, i) => `10.0.0.${i + 10}`)
  const pairs = addresses.flatMap((a, i) => addresses.slice(i + 1).map((b) => [a, b] as const))
  const toPairs = pairs.map(([a, b], i) => best(`20.0.${i >> 8}.${i & 255}/32`, onLink(a, 'up0'), onLink(b, 'up0')))
  await routes.apply(toPairs, open, call)
  await routes.apply(
    toPairs.slice(1).map(({ prefix }) => best(prefix)),
    open,
    call,
  )
  await routes.resync(call)
  // Numbers of the forgotten are given again.
  await routes.apply(
    [...toPairs].reverse().map(({ prefix }, i) => best(prefix, ...(toPairs[i]?.paths ?? []))),
    open,
    call,
  )
  expect(await routes.resync(call)).toMatchObject({ changed: 0, drift: [] })
  expect(routes.counts()).toEqual({ wanted: 1225, held: 1225, waiting: 0 })
  expect(host.shown().slice(0, 3)).toEqual([
    '20.0.0.0 proto 12 metric 1024',
    'nexthop via 10.0.0.58 dev up0 weight 1',
    'nexthop via 10.0.0.59 dev up0 weight 1',
  ])
})
