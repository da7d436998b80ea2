import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expressionKinds } from '../expression/codec.ts'
import {
  createPackedElements,
  createRule,
  createTransaction,
  decodeTransaction,
  type Element,
  encodeTransaction,
  keySize,
  type NftSet,
  type Operation,
  type Verb,
} from '../index.ts'
import {
  anyChain,
  anyElementOf,
  type anyExpression,
  anyFlowtable,
  anyRule,
  anySet,
  anyTable,
  expressionsByKind,
} from '../testing/arbitraries.ts'

function recode(...operations: Operation[]): object[] {
  return decodeTransaction(encodeTransaction(createTransaction(operations)).bytes)
}

const chain = { kind: 'chain', table: { kind: 'table', family: 'inet', name: 't' }, name: 'c' } as const

describe('an expression decodes to what was encoded', () => {
  it('has an arbitrary for every kind', () => {
    expect(Object.keys(expressionsByKind).sort()).toEqual([...expressionKinds].sort())
  })
  it.each(Object.entries(expressionsByKind))('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as typeof anyExpression, (expression) => {
        const rule = createRule(chain, [expression])
        expect(recode({ verb: 'add', object: rule })).toEqual([{ verb: 'add', object: rule }])
      }),
      { numRuns: 50 },
    )
  })
})

/** What is left of an object when it is only named. */
function named({ kind, table, family, name, chain }: Record<string, unknown>): object {
  return JSON.parse(JSON.stringify({ kind, table, family, name, chain })) as object
}

describe('an operation decodes to what was encoded', () => {
  const objects = { table: anyTable, chain: anyChain, set: anySet } as const
  it.each(Object.keys(objects) as (keyof typeof objects)[])('makes a %s', (kind) => {
    fc.assert(
      fc.property(objects[kind] as typeof anyTable, fc.constantFrom<Verb>('add', 'create'), (object, verb) => {
        expect(recode({ verb, object } as Operation).map(withoutId)).toEqual([{ verb, object }])
      }),
    )
  })
  it.each(Object.keys(objects) as (keyof typeof objects)[])('removes and empties a %s by its name', (kind) => {
    fc.assert(
      fc.property(
        objects[kind] as typeof anyTable,
        fc.constantFrom<Verb>('delete', 'destroy', 'flush'),
        (object, verb) => {
          const [decoded] = recode({ verb, object } as Operation) as [{ verb: Verb; object: Record<string, unknown> }]
          expect(decoded.verb).toBe(verb)
          expect(named(decoded.object)).toEqual(named(object as unknown as Record<string, unknown>))
        },
      ),
    )
  })
  it('makes and removes a flow table', () => {
    fc.assert(
      fc.property(anyFlowtable, (object) => {
        expect(recode({ verb: 'add', object })).toEqual([{ verb: 'add', object }])
        expect(recode({ verb: 'destroy', object })).toMatchObject([{ verb: 'destroy', object: named(object as never) }])
      }),
    )
  })
  it('puts rules in their place', () => {
    fc.assert(
      fc.property(anyRule, fc.constantFrom<Verb>('add', 'insert', 'replace'), (object, verb) => {
        expect(recode({ verb, object } as Operation)).toEqual([{ verb, object }])
      }),
    )
  })
  it('removes a rule by its handle', () => {
    const object = { kind: 'rule', chain, handle: 7n } as const
    expect(recode({ verb: 'delete', object })).toMatchObject([{ verb: 'delete', object }])
  })
})

function withoutId(operation: object): object {
  const { verb, object } = operation as { verb: Verb; object: Record<string, unknown> }
  const { id: _, ...rest } = object
  return { verb, object: rest }
}

describe('elements', () => {
  const anyList = anySet.chain((set) =>
    fc.record({ set: fc.constant(set), elements: fc.array(anyElementOf(set), { minLength: 1, maxLength: 300 }) }),
  )
  it('decode to what was encoded, over as many messages as they need', () => {
    fc.assert(
      fc.property(anyList, fc.constantFrom<Verb>('add', 'create', 'delete', 'destroy'), ({ set, elements }, verb) => {
        const decoded = recode({ verb, object: { kind: 'elements', set, elements } } as Operation)
        expect(join(decoded)).toEqual({ verb, name: set.name, elements })
      }),
      { numRuns: 50 },
    )
  })
  it.each([
    { key: ['ipv4_addr'], count: 10_000, messages: 3 },
    { key: ['inet_service'], count: 5_000, messages: 2 },
    { key: ['ipv4_addr', 'inet_proto', 'inet_service'], count: 5_000, messages: 2 },
  ] as const)('$count packed keys of $key go in $messages messages', ({ key, count, messages }) => {
    const set: NftSet = { kind: 'set', table: chain.table, name: 's', key }
    const size = keySize(key)
    const keys = Uint8Array.from({ length: count * size }, (_, i) => (i * 7919) & 255)
    const decoded = recode({ verb: 'add', object: createPackedElements(set, { count, keys }) })
    expect(decoded.length).toBe(messages)
    const elements = Array.from({ length: count }, (_, i) => ({ key: keys.subarray(i * size, (i + 1) * size) }))
    expect(join(decoded)).toEqual({ verb: 'add', name: 's', elements })
  })
  it('packed ranges are a start and the key after their end', () => {
    const set: NftSet = { kind: 'set', table: chain.table, name: 's', key: ['inet_service'], interval: true }
    const keys = Uint8Array.of(0, 80, 1, 0, 255, 0)
    const ends = Uint8Array.of(0, 90, 1, 255, 255, 255)
    const decoded = recode({ verb: 'add', object: createPackedElements(set, { count: 3, keys, ends }) })
    expect(join(decoded).elements).toEqual([
      { key: Uint8Array.of(0, 80) },
      { key: Uint8Array.of(0, 91), intervalEnd: true },
      { key: Uint8Array.of(1, 0) },
      { key: Uint8Array.of(2, 0), intervalEnd: true },
      { key: Uint8Array.of(255, 0), userData: Uint8Array.of(1, 4, 1, 0, 0, 0) },
    ])
  })
  it('packed ranges of several fields have both ends in one', () => {
    const key = ['inet_service', 'mark'] as const
    const set: NftSet = { kind: 'set', table: chain.table, name: 's', key, interval: true }
    const keys = Uint8Array.of(0, 80, 0, 0, 0, 0, 0, 0)
    const ends = Uint8Array.of(0, 90, 0, 0, 9, 9, 9, 9)
    const decoded = recode({ verb: 'add', object: createPackedElements(set, { count: 1, keys, ends }) })
    expect(join(decoded).elements).toEqual([{ key: keys, keyEnd: ends }])
  })
  it.each([
    { why: 'too few bytes', packed: { count: 2, keys: new Uint8Array(3) } },
    { why: 'ends in a set without intervals', packed: { count: 1, keys: new Uint8Array(2), ends: new Uint8Array(2) } },
  ])('refuses $why', ({ packed }) => {
    const set: NftSet = { kind: 'set', table: chain.table, name: 's', key: ['inet_service'] }
    expect(() => recode({ verb: 'add', object: createPackedElements(set, packed) })).toThrow('elements of s')
  })
})

function join(decoded: object[]): { verb: unknown; name: unknown; elements: Element[] } {
  const lists = decoded as { verb: Verb; object: { set: { name: string }; elements: Element[] } }[]
  return {
    verb: lists[0]?.verb,
    name: lists[0]?.object.set.name,
    elements: lists.flatMap(({ object }) => object.elements),
  }
}

describe('a damaged message', () => {
  const anyBatch = fc.array(fc.oneof(anyRule, anyChain, anySet, anyTable), { minLength: 1, maxLength: 3 })
  it('is an error that says so, or means something else', () => {
    fc.assert(
      fc.property(
        anyBatch,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 8 }),
        (objects, numbers, damages) => {
          const { bytes } = encodeTransaction(
            createTransaction(objects.map((object) => ({ verb: 'add', object }) as Operation)),
          )
          const damaged = bytes.slice()
          for (let i = 0; i < damages; i++) {
            const [at, value] = [numbers.next().value!, numbers.next().value!]
            damaged[at % damaged.length] = value & 255
          }
          try {
            decodeTransaction(damaged)
          } catch (error) {
            expect((error as { code?: string }).code).toMatch(/^(nftables|netlink)\/malformed$/)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
  it.each([
    { why: 'a message of another kind', message: [20, 0, 0, 0, 99, 10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0] },
    { why: 'a table without a name', message: [20, 0, 0, 0, 0, 10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0] },
    { why: 'a family that is none', message: [20, 0, 0, 0, 0, 10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0] },
  ])('such as $why', ({ message }) => {
    expect(() => decodeTransaction(Uint8Array.from(message))).toThrow('malformed nf_tables message')
  })
})
