import type { BestPath } from '@tortie/bgp'
import { openBgpKernelPolicy } from '@tortie/dataplane'
import type { Link, ReadRoute } from '@tortie/netlink'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectivePriority } from '../plan/route-key.ts'
import { ModelKernel } from '../testing/model-kernel.ts'
import { createShadow, type PlanContext, planRow } from './plan.ts'
import { compilePolicy } from './policy.ts'
import { heldKey, metricOf, PRIO_MAX, shapeOfRoute, wantedKey, wantedOf } from './shape.ts'
import { problems, writeRows } from './writer.ts'

const call = { signal: new AbortController().signal }
const ours = 12
const prefixes = ['10.65.0.0/26', '10.65.0.64/26', '10.66.0.0/16', 'fd65::/122']
const gateways = ['10.0.0.2', '10.0.0.3', '10.0.0.4']
const links = new Map([['up0', { index: 7, name: 'up0', up: true } as Link]])

const prefix = '10.65.0.0/26'
const blackhole: BestPath = { source: 'static', preference: 200, localPref: 0, stale: false }

function learned(nextHop: string, metric: number): BestPath {
  const resolution = { metric: 0, interface: 'up0' }
  return { source: 'bgp', nextHop, resolution, preference: 100, localPref: PRIO_MAX - metric, stale: false }
}

const anyPath: fc.Arbitrary<BestPath | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constant(blackhole),
  fc
    .tuple(fc.constantFrom(...gateways), fc.constantFrom(512, 1024, 2048))
    .map(([gateway, metric]) => learned(gateway, metric)),
)
const anyForeign: fc.Arbitrary<ReadRoute> = fc.record({
  dst: fc.constantFrom(...prefixes),
  type: fc.constant('unicast' as const),
  table: fc.constant(254),
  protocol: fc.constantFrom(4, 80),
  priority: fc.constantFrom(0, 512, 1024),
  gateway: fc.constant('10.0.0.9'),
  oif: fc.constant(7),
})
type Step =
  | { readonly kind: 'want'; readonly prefix: string; readonly path: BestPath | undefined }
  | { readonly kind: 'foreign'; readonly route: ReadRoute; readonly seen: boolean }
  | { readonly kind: 'foreign gone'; readonly prefix: string }
  | { readonly kind: 'reachable'; readonly gateway: string; readonly is: boolean }
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('want' as const), prefix: fc.constantFrom(...prefixes), path: anyPath }),
  },
  fc.record({ kind: fc.constant('foreign' as const), route: anyForeign, seen: fc.boolean() }),
  fc.record({ kind: fc.constant('foreign gone' as const), prefix: fc.constantFrom(...prefixes) }),
  fc.record({ kind: fc.constant('reachable' as const), gateway: fc.constantFrom(...gateways), is: fc.boolean() }),
)

/** A host: the model kernel, what is known of it, and what is wanted. */
class World {
  readonly kernel = new ModelKernel()
  readonly shadow = createShadow()
  readonly wanted = new Map<string, BestPath>()
  /** Routes of others that have been announced. */
  known: ReadRoute[] = []
  readonly context: PlanContext = {
    ...this.shadow,
    view: { byName: links, at: (prefix) => this.known.filter(({ dst }) => dst === prefix) },
    policy: compilePolicy(openBgpKernelPolicy),
    recovered: true,
    realised: new Map(),
    resolve: () => undefined,
  }

  want(prefix: string, path: BestPath | undefined): void {
    const { table, wanted } = this.shadow
    if (path) this.wanted.set(prefix, path)
    else this.wanted.delete(prefix)
    const now = wantedOf({ family: prefix.includes(':') ? 6 : 4, prefix, paths: path ? [path] : [] })
    const row = table.add(prefix)
    table.wantedShape[row] = now ? wanted.intern(wantedKey(now.shape), () => now.shape) : 0
    table.wantedMetric[row] = now?.metric ?? 0
  }

  foreigners(): ReadRoute[] {
    return this.kernel.all().filter(({ protocol }) => protocol !== ours)
  }

  do(step: Step): void {
    if (step.kind === 'want') this.want(step.prefix, step.path)
    else if (step.kind === 'reachable') this.kernel.unreachable[step.is ? 'delete' : 'add'](step.gateway)
    else if (step.kind === 'foreign gone') {
      const of = this.kernel.routes.get(step.prefix) ?? []
      this.kernel.routes.set(
        step.prefix,
        of.filter(({ protocol }) => protocol === ours),
      )
      this.known = this.known.filter(({ dst }) => dst !== step.prefix)
    } else {
      const place = this.kernel.routes.get(step.route.dst) ?? []
      if (place.some((route) => effectivePriority(route) === effectivePriority(step.route))) return
      this.kernel.put(step.route.dst, [...place, step.route])
      if (step.seen) this.known = this.foreigners()
    }
  }

  write(): ReturnType<typeof writeRows> {
    const rows = Array.from({ length: this.shadow.table.end }, (_, row) => row)
    return writeRows(rows, this.context, this.kernel, ours, new Map(), async () => undefined, call)
  }
}

describe('a plan, replayed on a model of the kernel', () => {
  it('leads from any state to what is wanted, and never touches a route of another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const world = new World()
        for (const step of steps) {
          world.do(step)
          const foreigners = world.foreigners()
          const { surprised, failures } = await world.write()
          expect(world.foreigners()).toEqual(foreigners)
          expect(failures).toEqual([])
          // A surprise makes the driver read the kernel.
          if (surprised) world.known = world.foreigners()
        }
        world.kernel.unreachable.clear()
        world.known = world.foreigners()
        await world.write()
        expectWanted(world)
        world.kernel.requests.length = 0
        await world.write()
        expect(world.kernel.requests).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('keeps the old route until the new one is there', async () => {
    const world = new World()
    world.want(prefix, learned('10.0.0.2', 1024))
    await world.write()
    world.kernel.requests.length = 0
    world.want(prefix, learned('10.0.0.3', 512))
    await world.write()
    expect(world.kernel.requests.map(({ verb }) => verb)).toEqual(['add', 'delete'])
    world.kernel.unreachable.add('10.0.0.4')
    world.want(prefix, learned('10.0.0.4', 1024))
    await world.write()
    expect(world.kernel.all()).toMatchObject([{ gateway: '10.0.0.3', priority: 512 }])
    expect([...problems(world.context, new Map())]).toMatchObject([{ dst: prefix, state: 'refused' }])
    world.want(prefix, undefined)
    await world.write()
    expect(world.kernel.all()).toEqual([])
    expect(world.shadow.table.size).toBe(0)
  })

  it('removes no route of another that took its place unseen', async () => {
    const world = new World()
    for (const path of [blackhole, learned('10.0.0.2', 1024)]) {
      world.want(prefix, path)
      await world.write()
      const [mine] = world.kernel.all()
      const theirs = { ...(mine as ReadRoute), protocol: 4 }
      world.kernel.put(prefix, [theirs])
      world.want(prefix, undefined)
      await world.write()
      expect(world.kernel.all()).toEqual([theirs])
      world.kernel.put(prefix, [])
    }
  })

  it('removes no other route of its own for a blackhole that went unseen', async () => {
    const world = new World()
    world.want(prefix, blackhole)
    await world.write()
    world.kernel.put(prefix, [])
    world.want(prefix, learned('10.0.0.2', 1024))
    await world.write()
    expect(world.kernel.all()).toMatchObject([{ gateway: '10.0.0.2' }])
  })

  it('leaves inherited routes alone before recovery', () => {
    const world = new World()
    world.want('10.65.0.0/26', undefined)
    const { table, held } = world.shadow
    const row = table.add('10.65.0.0/26')
    table.heldShape[row] = held.intern('blackhole', () => ({ type: 'blackhole' }))
    table.setInherited(row, true)
    expect(planRow(row, { ...world.context, recovered: false })).toEqual({ state: 'in-place', remove: false })
    expect(planRow(row, world.context)).toEqual({ state: 'in-place', remove: true })
  })
})

/** Each wanted route is there, unless another stands in its place; nothing else of ours is. */
function expectWanted({ wanted, kernel, context }: World): void {
  const held = kernel.all().filter(({ protocol }) => protocol === ours)
  for (const [prefix, path] of wanted) {
    const target = wantedOf({ family: prefix.includes(':') ? 6 : 4, prefix, paths: [path] })
    const metric = target?.metric ?? -1
    const rival = kernel.routes.get(prefix)?.some((r) => r.protocol !== ours && effectivePriority(r) === metric)
    const mine = held.filter(({ dst }) => dst === prefix)
    if (rival) expect(mine.length).toBeLessThan(2)
    else {
      expect(mine).toHaveLength(1)
      expect(effectivePriority(mine[0] as ReadRoute)).toBe(metric)
      const expected =
        path.source === 'static'
          ? { type: 'blackhole' as const }
          : { type: 'unicast' as const, gateway: path.nextHop ?? '', oif: 7 }
      expect(heldKey(shapeOfRoute(mine[0] as ReadRoute))).toBe(heldKey(expected))
    }
    expect([...problems(context, new Map())].some(({ dst }) => dst === prefix)).toBe(rival)
  }
  expect(held.every(({ dst }) => wanted.has(dst))).toBe(true)
}

it('LOCAL_PREF and metric add up, and the metric is never below 1', () => {
  expect([2147482623, 2147483135, 100, 2147483646, 2147483647, 4294967295].map(metricOf)).toEqual([
    1024, 512, 2147483547, 1, 1, 1,
  ])
})
