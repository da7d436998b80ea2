import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyResource } from '../index.ts'
import {
  decodeResource,
  findErrors,
  formatJson,
  formatResource,
  type JsonValue,
  ModelError,
  parseJson,
  parseResource,
  prepareCreate,
  prepareUpdate,
  present,
  withDefaults,
} from '../index.ts'
import { anyResource } from '../testing/index.ts'

const ports = { clock: { wallMs: () => 0 }, random: { uuid: () => 'u' } }

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

describe('objects that are made to be valid', () => {
  it('are', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        expect(findErrors(resource, { unknownFields: 'reject' })).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('have defaults that are defaults already, and stay valid', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        const once = withDefaults(resource)
        expect(withDefaults(once)).toEqual(once)
        expect(findErrors(once, { unknownFields: 'reject' })).toEqual([])
      }),
    )
  })

  it('are created, and then updated as they are', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        const created = prepareCreate(resource, ports)
        const read = { ...created, metadata: { ...created.metadata, resourceVersion: '1' } } as AnyResource
        expect(prepareUpdate(read, read)).toEqual(read)
      }),
    )
  })

  it('are not changed by any of it', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        const frozen = deepFreeze(resource)
        const before = formatResource(frozen)
        withDefaults(frozen)
        prepareCreate(frozen, ports)
        present(frozen)
        expect(formatResource(frozen)).toBe(before)
      }),
    )
  })

  it('survive JSON, with every digit', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        const read = parseResource(formatResource(resource))
        expect(read).toEqual(resource)
        expect(formatResource(read)).toBe(formatResource(resource))
      }),
    )
  })

  it('keep fields that nobody knows, wherever they are', () => {
    fc.assert(
      fc.property(anyResource, anyPlace, (resource, place) => {
        const strange = { a: [1, null, { b: '' }], c: 12345678901234567890n }
        const [changed, path] = put(resource, place, 'strangeField', strange)
        fc.pre(path !== undefined && !path.some((key) => mapFields.has(key)))
        const written = prepareCreate(changed as AnyResource, ports)
        const kept = path?.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], written)
        expect((kept as Record<string, unknown> | undefined)?.strangeField).toEqual(strange)
      }),
    )
  })
})

/** Fields whose keys are data: any key in them is known. */
const mapFields = new Set([
  'labels',
  'annotations',
  'labelsToApply',
  'matchLabels',
  'secondary',
  'block',
  'sequenceNumberForAllocation',
])

const anyPlace = fc.array(fc.nat(50), { minLength: 1, maxLength: 6 })

/** Walks down by `place` (indexes modulo what there is) to an object and sets a field; tells where. */
function put(root: unknown, place: readonly number[], key: string, value: unknown): [unknown, string[] | undefined] {
  const copy = structuredClone(root) as Record<string, unknown>
  let at: Record<string, unknown> = copy
  const path: string[] = []
  for (const index of place) {
    const next = Object.keys(at).filter((name) => typeof at[name] === 'object' && at[name] !== null)
    const name = next[index % Math.max(next.length, 1)]
    if (name === undefined) break
    at = at[name] as Record<string, unknown>
    path.push(name)
  }
  if (Array.isArray(at)) return [copy, undefined]
  at[key] = value
  return [copy, path]
}

const anyJunk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    '',
    0,
    -1,
    1.5,
    true,
    false,
    [],
    {},
    [null],
    [{}],
    '__proto__',
    'x'.repeat(300),
    2n ** 64n,
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Replaces, removes or renames something somewhere. */
function mutate(root: unknown, place: readonly number[], junk: unknown): unknown {
  const copy = structuredClone(root) as Record<string, unknown>
  let at: Record<string, unknown> = copy
  for (const index of place.slice(0, -1)) {
    const keys = Object.keys(at)
    const inner = at[keys[index % Math.max(keys.length, 1)] ?? '']
    if (typeof inner !== 'object' || inner === null) break
    at = inner as Record<string, unknown>
  }
  const keys = Object.keys(at)
  const last = place.at(-1) ?? 0
  const key = keys[last % Math.max(keys.length, 1)] ?? 'x'
  if (last % 7 === 0) delete at[key]
  else if (last % 7 === 1) Object.assign(at, { [`${key}X`]: at[key] })
  else at[key] = junk
  return copy
}

describe('objects that are broken anywhere', () => {
  const runs: readonly ((resource: AnyResource) => unknown)[] = [
    (resource) => withDefaults(resource),
    (resource) => findErrors(resource, { unknownFields: 'reject', operation: 'update' }),
    (resource) => prepareCreate(resource, ports),
    (resource) => prepareUpdate(resource, resource),
    (resource) => present(decodeResource(resource as unknown as JsonValue)),
  ]

  it('are accepted or refused with a ModelError, never anything else', () => {
    fc.assert(
      fc.property(
        anyResource,
        fc.array(fc.tuple(anyPlace, anyJunk), { minLength: 1, maxLength: 3 }),
        (resource, changes) => {
          const broken = changes.reduce<unknown>((value, [place, junk]) => mutate(value, place, junk), resource)
          for (const run of runs) {
            try {
              run(broken as AnyResource)
            } catch (error) {
              if (!(error instanceof ModelError)) throw error
              expect(error.message.length).toBeGreaterThan(10)
            }
          }
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('are no object at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const run of runs) expect(() => run(value as unknown as AnyResource)).toThrow(ModelError)
      }),
    )
  })
})

describe('reading', () => {
  it.each([
    ['{}', 'kind is missing'],
    ['{"kind":"Pod"}', 'kind "Pod" is not known'],
    ['{"kind":"Tier"}', "apiVersion = ''"],
    ['{"kind":"Tier","apiVersion":"v1"}', 'projectcalico.org/v3'],
    ['{"kind":"Tier","apiVersion":"projectcalico.org/v3"}', 'metadata'],
    ['{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{}}', 'metadata.name'],
    ['{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"a"},"spec":[]}', 'spec'],
    ['[]', 'kind is missing'],
    ['{"kind":', 'not JSON'],
  ])('%s is refused', (text, why) => {
    expect(() => parseResource(text)).toThrow(why)
  })

  it('takes an absent spec for an empty one', () => {
    expect(parseResource('{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"a"}}').spec).toEqual(
      {},
    )
  })

  it('makes sequence numbers bigint whatever their size, and lists of null', () => {
    const read = parseResource(
      formatJson({
        kind: 'IPAMBlock',
        apiVersion: 'projectcalico.org/v3',
        metadata: { name: 'b' },
        spec: {
          cidr: '10.0.0.0/32',
          allocations: [null],
          unallocated: [0],
          attributes: null,
          sequenceNumber: 3,
          sequenceNumberForAllocation: { 0: 2, 1: 1754827200123456791n },
        },
      }),
    )
    expect(read.spec).toEqual({
      cidr: '10.0.0.0/32',
      allocations: [null],
      unallocated: [0],
      attributes: [],
      sequenceNumber: 3n,
      sequenceNumberForAllocation: { 0: 2n, 1: 1754827200123456791n },
      deleted: false,
    })
    expect(findErrors(read)).toEqual([])
  })

  it('leaves other kinds as JSON gave them', () => {
    const value = parseJson(
      '{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"a"},"spec":{"x":12345678901234567890}}',
    )
    expect(decodeResource(value)).toBe(value)
  })
})
