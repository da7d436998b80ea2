import { parseAddress } from '@tortie/ip'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyEmptyBlock, anySteps, type BlockStep } from '../testing/arbitraries.ts'
import { takeAddress, takeOrdinals } from './assign.ts'
import {
  attributeAt,
  type Block,
  countFree,
  countInUse,
  cutHandle,
  isEmpty,
  newBlock,
  nextVersion,
  sequenceNumberAt,
  windowsReservation,
} from './block.ts'
import { coldSince, collectBlock, compactAttributes, formatTime, parseTime } from './cooldown.ts'
import { addressesOf, ordinalsOf, releaseAddresses, releaseHandle } from './release.ts'
import { validateBlock } from './validate.ts'

const first = 1_754_827_200_123_456_789n
const nowMs = Date.parse('2026-08-10T12:05:00Z')
const atOnce = { cooldownSeconds: 0, nowMs }
const who = { handle: 'net.c1', attributes: { node: 'node-1' } }
const block = newBlock('10.65.0.0/29', first)
const ip = parseAddress

describe('a new block', () => {
  it('is free in order, with a number that grows over time', () => {
    expect(block).toEqual({
      cidr: '10.65.0.0/29',
      affinity: null,
      allocations: [null, null, null, null, null, null, null, null],
      unallocated: [0, 1, 2, 3, 4, 5, 6, 7],
      attributes: [],
      sequenceNumber: first,
      sequenceNumberForAllocation: {},
      deleted: false,
    })
    expect(nextVersion(block).sequenceNumber).toBe(first + 1n)
    expect(isEmpty(block)).toBe(true)
  })

  it('keeps addresses from a Windows host’s workloads, and is empty all the same', () => {
    const windows = newBlock('fd80::/125', first, windowsReservation)
    expect(windows.allocations).toEqual([0, 0, 0, null, null, null, null, 0])
    expect(windows.unallocated).toEqual([3, 4, 5, 6])
    expect(windows.attributes).toEqual([
      { handle_id: 'windows-reserved-ipam-handle', secondary: { note: 'windows host rsvd' } },
    ])
    expect([isEmpty(windows), countInUse(windows), countFree(windows)]).toEqual([true, 4, 4])
    expect(isEmpty(takeOrdinals(windows, 1, who).block)).toBe(false)
  })

  it('is empty for a handle in any case', () => {
    const shouting = { ...newBlock('10.0.0.0/30', first, windowsReservation) }
    const attributes = [{ handle_id: 'Windows-Reserved-IPAM-Handle' }]
    expect(isEmpty({ ...shouting, attributes })).toBe(true)
  })
})

describe('taking addresses', () => {
  it('takes from the head of the queue, all with one attribute and the block’s number', () => {
    const taken = takeOrdinals(block, 3, who)
    expect(taken.ordinals).toEqual([0, 1, 2])
    expect(taken.block).toMatchObject({
      allocations: [0, 0, 0, null, null, null, null, null],
      unallocated: [3, 4, 5, 6, 7],
      attributes: [{ handle_id: 'net.c1', secondary: { node: 'node-1' } }],
      sequenceNumberForAllocation: { 0: first, 1: first, 2: first },
    })
    expect(block.unallocated).toHaveLength(8)
  })

  it('shares an attribute with an equal holder, and only with one', () => {
    const one = takeOrdinals(block, 1, who).block
    const same = takeOrdinals(one, 1, who).block
    const other = takeOrdinals(same, 1, { ...who, attributes: { node: 'node-2' } }).block
    const bare = takeOrdinals(takeOrdinals(other, 1, {}).block, 1, { attributes: {} }).block
    expect(bare.allocations.slice(0, 5)).toEqual([0, 0, 1, 2, 2])
    expect(bare.attributes).toEqual([
      { handle_id: 'net.c1', secondary: { node: 'node-1' } },
      { handle_id: 'net.c1', secondary: { node: 'node-2' } },
      {},
    ])
  })

  it('passes over reserved addresses and keeps their place', () => {
    const isReserved = ({ value }: { value: bigint }): boolean => value % 2n === 0n
    const taken = takeOrdinals(block, 2, who, isReserved)
    expect(taken.ordinals).toEqual([1, 3])
    expect(taken.block.unallocated).toEqual([0, 2, 4, 5, 6, 7])
    expect([countFree(taken.block, isReserved), countFree(taken.block)]).toEqual([2, 6])
  })

  it('gives fewer when it runs dry, none when it is full', () => {
    const full = takeOrdinals(block, 99, who)
    expect(full.ordinals).toHaveLength(8)
    expect(takeOrdinals(full.block, 1, who)).toEqual({ block: full.block, ordinals: [] })
  })

  it('takes a given address from the middle of the queue, and once', () => {
    const taken = takeAddress(block, ip('10.65.0.3'), who)
    expect(taken.unallocated).toEqual([0, 1, 2, 4, 5, 6, 7])
    expect(() => takeAddress(taken, ip('10.65.0.3'), {})).toThrowError(
      'Address already assigned in block 10.65.0.0/29: 10.65.0.3 (handle net.c1); release it or ask for another',
    )
    expect(() => takeAddress(block, ip('10.65.0.8'), who)).toThrowError('10.65.0.8" is not in block 10.65.0.0/29')
    expect(() => takeAddress(block, ip('fd80::'), who)).toThrowError('is not in block')
  })
})

describe('releasing', () => {
  const two = takeOrdinals(takeOrdinals(block, 2, who).block, 1, { handle: 'net.c2' }).block

  it('frees at once without cooldown, to the tail of the queue', () => {
    const released = releaseAddresses(two, [{ address: ip('10.65.0.0') }, { address: ip('10.65.0.5') }], atOnce)
    expect(released.block.unallocated).toEqual([3, 4, 5, 6, 7, 0])
    expect(released.block.sequenceNumberForAllocation).toEqual({ 1: first, 2: first })
    expect(released.released).toEqual([ip('10.65.0.0')])
    expect(released.unallocated).toEqual([ip('10.65.0.5')])
    expect([...released.byHandle]).toEqual([['net.c1', 1]])
  })

  it('lets addresses rest during a cooldown; they are in use, and are released only once', () => {
    const rest = { cooldownSeconds: 60, nowMs }
    const later = { ...nextVersion(two) }
    const { block: resting } = releaseAddresses(later, [{ address: ip('10.65.0.0') }], rest)
    expect(resting.attributes?.at(-1)).toEqual({ releasedAt: '2026-08-10T12:05:00Z' })
    expect(sequenceNumberAt(resting, 0)).toBe(first + 1n)
    expect([countInUse(resting), isEmpty(resting), coldSince(resting)]).toEqual([3, false, nowMs])
    expect(() => takeAddress(resting, ip('10.65.0.0'), who)).toThrowError('Address already assigned')
    expect(releaseAddresses(resting, [{ address: ip('10.65.0.0') }], rest)).toMatchObject({
      released: [],
      unallocated: [ip('10.65.0.0')],
    })
    expect(collectBlock(resting, 60, nowMs + 59_000)).toBe(resting)
    expect(collectBlock(resting, 60, nowMs + 60_000).unallocated?.at(-1)).toBe(0)
    expect(collectBlock(resting, -1, nowMs).unallocated?.at(-1)).toBe(0)
  })

  it('refuses the whole block for one handle or number that does not match', () => {
    const address = ip('10.65.0.0')
    const good = { address: ip('10.65.0.2'), handle: 'net.c2', sequenceNumber: first }
    expect(() => releaseAddresses(two, [good, { address, handle: 'net.c2' }], atOnce)).toThrowError(
      '10.65.0.0 is held by handle "net.c1", not by "net.c2"',
    )
    expect(() => releaseAddresses(two, [good, { address, sequenceNumber: 7n }], atOnce)).toThrowError(
      `10.65.0.0 has sequence number ${first}, not 7`,
    )
    expect(() => releaseAddresses(two, [{ address: ip('10.65.0.7'), sequenceNumber: 7n }], atOnce)).toThrowError(
      '10.65.0.7 has sequence number 0, not 7',
    )
    expect(releaseAddresses(two, [good, good, { address, handle: '' }], atOnce).released).toHaveLength(2)
  })

  it('by handle: everything that is its, exactly, with cut carriage returns', () => {
    const odd = { ...two, attributes: [{ handle_id: 'net.c1\r\neth0' }, { handle_id: 'net.c2' }] }
    expect(ordinalsOf(odd, 'net.c1')).toEqual([0, 1])
    expect(ordinalsOf(odd, 'NET.C1')).toEqual([])
    expect(addressesOf(odd, 'net.c2')).toEqual([ip('10.65.0.2')])
    expect(cutHandle('a\rb\rc')).toBe('a')
    expect(releaseHandle(odd, 'net.c1', atOnce)).toMatchObject({
      count: 2,
      block: { unallocated: [3, 4, 5, 6, 7, 0, 1] },
    })
    expect(releaseHandle(odd, 'net.c9', atOnce)).toEqual({ count: 0, block: odd })
    const numbered = { ...odd, sequenceNumberForAllocation: { 0: first, 1: first + 1n, 2: first } }
    expect(releaseHandle(numbered, 'net.c1', atOnce, first + 1n)).toMatchObject({
      count: 1,
      block: { unallocated: [3, 4, 5, 6, 7, 1] },
    })
  })
})

describe('stored blocks that are odd', () => {
  it('may lack attributes, numbers and affinity', () => {
    const old = {
      cidr: '10.0.0.0/31',
      allocations: [null, null],
      unallocated: [1, 0],
      sequenceNumber: 0n,
    } as unknown as Block
    const taken = takeOrdinals(old, 1, who)
    expect(taken.ordinals).toEqual([1])
    expect(sequenceNumberAt(taken.block, 1)).toBe(0n)
    expect(collectBlock(old, 0, nowMs)).toBe(old)
    expect(validateBlock(old, nowMs)).toEqual([])
  })

  it('that point to nothing are refused by name', () => {
    const broken = { ...block, allocations: [5, ...block.allocations.slice(1)] }
    expect(() => attributeAt(broken, 0)).toThrowError(
      'the stored block 10.65.0.0/29 cannot be used: allocations[0] is 5, and attributes has no such entry',
    )
  })

  it('with a time that cannot be read do not rest for ever', () => {
    const odd = { ...takeOrdinals(block, 1, who).block, attributes: [{ releasedAt: 'yesterday' }] }
    expect(collectBlock(odd, 60, nowMs).allocations[0]).toBeNull()
  })

  it.each<[string, Partial<Block>, string]>([
    ['CIDR', { cidr: 'x' }, 'cidr "x" is no CIDR'],
    ['size', { allocations: [null] }, 'allocations has 1 entries, not 8 as the CIDR says'],
    ['index', { allocations: [3, null, null, null, null, null, null, null] }, 'attributes has no such entry'],
    ['unused attribute', { attributes: [{}] }, 'attributes[0] belongs to no address'],
    ['future', { attributes: [{ releasedAt: '2126-08-10T12:05:00Z' }] }, 'lies in the future'],
    ['no time', { attributes: [{ releasedAt: 'x' }] }, 'attributes[0].releasedAt "x" is no time'],
    ['ordinal', { unallocated: [0, 1, 2, 3, 4, 5, 6, 8] }, 'unallocated has 8, which is outside the block'],
    ['twice', { unallocated: [0, 1, 2, 3, 4, 5, 6, 6] }, 'unallocated has 6 twice'],
    ['lost', { unallocated: [0, 1, 2] }, '5 addresses are neither allocated nor free'],
  ])('%s', (_, change, why) => {
    expect(validateBlock({ ...block, ...change }, nowMs).join('\n')).toContain(why)
  })

  it('an ordinal both free and taken', () => {
    const taken = takeOrdinals(block, 1, who).block
    expect(validateBlock({ ...taken, unallocated: [0, ...(taken.unallocated ?? [])] }, nowMs)).toEqual([
      'unallocated has 0, which is allocated',
    ])
  })
})

/** What a block means: who holds each ordinal, since when it rests, and in which order the free ones queue. */
interface Model {
  readonly held: Map<number, string>
  readonly resting: Map<number, number>
  queue: number[]
}

function stepModel(model: Model, step: BlockStep, cooldownSeconds: number, now: number): void {
  const rest = (ordinals: number[]): void => {
    for (const ordinal of ordinals) {
      model.held.delete(ordinal)
      model.resting.set(ordinal, Math.floor(now / 1_000) * 1_000)
    }
    if (ordinals.length > 0) collect()
  }
  const collect = (): void => {
    const done = [...model.resting].filter(([, since]) => since <= now - cooldownSeconds * 1_000).map(([o]) => o)
    for (const ordinal of done.sort((a, b) => a - b)) {
      model.resting.delete(ordinal)
      model.queue.push(ordinal)
    }
  }
  if (step.do === 'take') {
    for (const ordinal of model.queue.splice(0, step.count)) model.held.set(ordinal, step.handle ?? '')
  } else if (step.do === 'takeAddress') {
    if (!model.queue.includes(step.ordinal)) return
    model.queue = model.queue.filter((ordinal) => ordinal !== step.ordinal)
    model.held.set(step.ordinal, step.handle)
  } else if (step.do === 'release') rest([...new Set(step.ordinals)].filter((ordinal) => model.held.has(ordinal)))
  else if (step.do === 'releaseHandle')
    rest([...model.held].filter(([, handle]) => handle === step.handle).map(([ordinal]) => ordinal))
  else if (step.do === 'collect') collect()
}

function stepBlock(block: Block, step: BlockStep, cooldownSeconds: number, now: number): Block {
  const rest = { cooldownSeconds, nowMs: now }
  const base = ip(block.cidr.split('/')[0]!)
  const addressOf = (ordinal: number) => ({ ...base, value: base.value + BigInt(ordinal) })
  switch (step.do) {
    case 'take': {
      const holder = { attributes: { node: step.node }, ...(step.handle !== undefined && { handle: step.handle }) }
      return takeOrdinals(block, step.count, holder).block
    }
    case 'takeAddress':
      return block.allocations[step.ordinal] === null
        ? takeAddress(block, addressOf(step.ordinal), { handle: step.handle })
        : block
    case 'release': {
      const free = step.ordinals.filter((ordinal) => attributeAt(block, ordinal)?.secondary?.note === undefined)
      return releaseAddresses(
        block,
        free.map((ordinal) => ({ address: addressOf(ordinal) })),
        rest,
      ).block
    }
    case 'releaseHandle':
      return releaseHandle(block, step.handle, rest).block
    case 'collect':
      return collectBlock(block, cooldownSeconds, now)
    case 'wait':
      return block
  }
}

describe('any sequence of steps', () => {
  it('keeps a block sound and equal to its model: no ordinal lost or doubled, first released first reused', () => {
    fc.assert(
      fc.property(anyEmptyBlock, anySteps(8), fc.constantFrom(0, 10, 30), (empty, steps, cooldown) => {
        let now = nowMs + 250
        let current = empty
        const model: Model = { held: new Map(), resting: new Map(), queue: [...(empty.unallocated ?? [])] }
        for (const step of steps) {
          if (step.do === 'wait') now += step.seconds * 1_000
          const before = structuredClone(current)
          const after = nextVersion(stepBlock(current, step, cooldown, now))
          expect(current, 'steps change nothing in place').toEqual(before)
          current = after
          stepModel(model, step, cooldown, now)
          expect(validateBlock(current, now)).toEqual([])
          expect(current.unallocated).toEqual(model.queue)
          for (let ordinal = 0; ordinal < 8; ordinal++) {
            const attribute = attributeAt(current, ordinal)
            if (attribute?.secondary?.note) continue
            expect(attribute?.handle_id ?? (attribute && !attribute.releasedAt ? '' : undefined)).toBe(
              model.held.get(ordinal),
            )
            expect(parseTime(attribute?.releasedAt)).toBe(model.resting.get(ordinal))
          }
          expect(compactAttributes(current)).toBe(current)
        }
      }),
      { numRuns: 400 },
    )
  })
})

it('times are stored as Go stores them', () => {
  expect(formatTime(Date.parse('2026-08-10T12:05:00.999Z'))).toBe('2026-08-10T12:05:00Z')
  expect(parseTime('2026-08-10T14:05:00+02:00')).toBe(nowMs)
  expect([parseTime(null), parseTime(undefined), parseTime('soon')]).toEqual([undefined, undefined, undefined])
})
