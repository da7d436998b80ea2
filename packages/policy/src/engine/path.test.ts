import { applyDelta, emptyProgram, type PolicyProgram } from '@tortie/dataplane'
import { containsPrefix, parsePrefix } from '@tortie/ip'
import type { AnyResource, Kind } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PolicyChange } from '../change.ts'
import { namespacedName } from '../resources/ids.ts'
import { arbitraryUniverse, type PolicyUniverse } from '../testing/index.ts'
import { createPolicyEngine, type PolicyEngine } from './engine.ts'

type Step = PolicyChange | 'flush'

const keyOf = (item: AnyResource): string => `${item.kind} ${namespacedName(item.metadata)}`
const put = (item: AnyResource): PolicyChange => ({ type: 'put', item })
const remove = ({ kind, metadata: { name, namespace } }: AnyResource): PolicyChange => ({
  type: 'delete',
  key: { kind, name, ...(namespace !== undefined && { namespace }) },
})

function snapshots(resources: readonly AnyResource[]): PolicyChange[] {
  const kinds: readonly Kind[] = [
    'WorkloadEndpoint',
    'NetworkPolicy',
    'GlobalNetworkPolicy',
    'Tier',
    'Profile',
    'NetworkSet',
    'GlobalNetworkSet',
  ]
  return kinds.map((kind) => ({ type: 'snapshot', kind, items: resources.filter((item) => item.kind === kind) }))
}

/** The same resource with one thing changed, as an edit does it. */
function edits(item: AnyResource): AnyResource[] {
  const withSpec = (spec: object) => ({ ...item, spec: { ...item.spec, ...spec } }) as AnyResource
  switch (item.kind) {
    case 'NetworkPolicy':
    case 'GlobalNetworkPolicy':
      return [{ order: -5 }, { tier: 'security' }, { types: ['Egress'] }, { ingress: [{ action: 'Pass' }] }].map(
        withSpec,
      )
    case 'WorkloadEndpoint':
      return [{ node: 'elsewhere' }, { profiles: [] }, { ports: [] }, { interfaceName: 'cali1' }].map(withSpec)
    case 'Profile':
      return [{ labelsToApply: {} }, { ingress: [] }].map(withSpec)
    default:
      return []
  }
}

/** Wanders about among the resources of some universes, and ends with exactly those of `target`. */
function anyPath(target: PolicyUniverse, others: readonly PolicyUniverse[]): fc.Arbitrary<Step[]> {
  const pool = [
    ...target.resources,
    ...target.resources.flatMap(edits),
    ...others.flatMap(({ resources }) => resources),
  ]
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...pool).map(put) },
    { weight: 4, arbitrary: fc.constantFrom(...pool).map(remove) },
    { weight: 2, arbitrary: fc.constant<Step>('flush') },
    { weight: 1, arbitrary: fc.constantFrom(...others.flatMap(({ resources }) => snapshots(resources))) },
  )
  const wanted = new Set(target.resources.map(keyOf))
  const last = [...target.resources.map(put), ...pool.filter((item) => !wanted.has(keyOf(item))).map(remove)]
  const ending = fc.oneof(
    { weight: 3, arbitrary: fc.shuffledSubarray(last, { minLength: last.length }) },
    { weight: 1, arbitrary: fc.constant(snapshots(target.resources)) },
  )
  return fc.tuple(fc.array(step, { maxLength: 60 }), ending).map(([wandering, end]) => [...wandering, ...end])
}

const anyUniverse = arbitraryUniverse({ damage: true })
const anyJourney = fc.tuple(anyUniverse, anyUniverse, anyUniverse).chain(([target, b, c]) =>
  fc.record({
    target: fc.constant(target),
    path: anyPath(target, [b, c]),
  }),
)

function walk(engine: PolicyEngine, path: readonly Step[], from: PolicyProgram = emptyProgram): PolicyProgram {
  let sum = from
  for (const step of [...path, 'flush' as const]) {
    if (step !== 'flush') engine.apply(step)
    else {
      sum = applyDelta(sum, engine.flush())
      expect(sum).toEqual(engine.program())
    }
  }
  return sum
}

const engineFor = ({ node, sourceSpoofing }: PolicyUniverse): PolicyEngine =>
  createPolicyEngine({ node, sourceSpoofing, log: silentLog })

it('ends in the same program by any path, and the deltas on the way add up to it', () => {
  fc.assert(
    fc.property(anyJourney, ({ target, path }) => {
      const direct = engineFor(target)
      direct.apply(target.resources.map(put))
      direct.flush()
      const wandered = engineFor(target)
      expect(walk(wandered, path)).toEqual(direct.program())
      expect(wandered.problems()).toEqual(direct.problems())
    }),
    { numRuns: 150 },
  )
}, 120_000)

it('says nothing when nothing changed', () => {
  fc.assert(
    fc.property(anyUniverse, (universe) => {
      const engine = engineFor(universe)
      engine.apply(universe.resources.map(put))
      engine.flush()
      engine.apply(structuredClone(universe.resources).map(put))
      engine.apply(snapshots(structuredClone(universe.resources)))
      const { ipSets, policies, endpoints } = engine.flush()
      expect([ipSets.size, policies.size, endpoints.size]).toEqual([0, 0, 0])
    }),
    { numRuns: 50 },
  )
})

it('ends empty when everything is gone', () => {
  fc.assert(
    fc.property(anyUniverse, (universe) => {
      const engine = engineFor(universe)
      walk(engine, [...universe.resources.map(put), 'flush', ...universe.resources.map(remove).reverse()])
      expect(engine.program()).toEqual(emptyProgram)
      expect(engine.problems()).toEqual([])
    }),
    { numRuns: 50 },
  )
})

it('keeps members that overlap out of sets, and /0 in halves', () => {
  fc.assert(
    fc.property(anyJourney, ({ target, path }) => {
      const program = walk(engineFor(target), path)
      for (const { type, members } of program.ipSets.values()) {
        if (type !== 'net') continue
        for (const member of members) {
          expect(member).not.toMatch(/\/0$/)
          expect([...members].filter((other) => other !== member && covers(other, member))).toEqual([])
        }
      }
    }),
    { numRuns: 50 },
  )
})

function covers(outer: string, inner: string): boolean {
  return containsPrefix(parsePrefix(outer), parsePrefix(inner))
}
