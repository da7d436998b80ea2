import { openNetlink } from '@tortie/linux'
import { createTestNetns } from '@tortie/linux/testing'
import { NETLINK_NETFILTER } from '@tortie/netlink'
import { describe, expect, it } from 'vitest'
import {
  action,
  checkSync,
  commit,
  commitSync,
  createChain,
  createElements,
  createMap,
  createPackedElements,
  createSet,
  createTable,
  createTransaction,
  element,
  isRefusedWith,
  match,
  NftablesError,
  readElements,
  readGeneration,
  readPacked,
  readRules,
  readTableContents,
  readTables,
  rule,
  type Transaction,
} from './index.ts'

const call = { signal: new AbortController().signal }
const t = createTable('inet', 't')
const c = createChain(t, 'c')
const s = createSet(t, 's', ['ipv4_addr'])
const frame = () => createTransaction().add(t, c, s)
const host = (address: string) => createElements(s, [element(s.key, [address])])

function open() {
  const netns = createTestNetns('commit')
  const link = openNetlink({ netns, protocol: NETLINK_NETFILTER })
  return {
    netns,
    link,
    [Symbol.dispose]() {
      link[Symbol.dispose]()
      netns[Symbol.dispose]()
    },
  }
}

function caught(work: () => unknown): NftablesError {
  try {
    work()
  } catch (error) {
    if (error instanceof NftablesError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a refused transaction', () => {
  it.each<{
    why: string
    code: string
    errnoName: string
    index: number
    add: (transaction: Transaction) => unknown
    text: RegExp
  }>([
    {
      why: 'names the operation that refers to nothing',
      code: 'nftables/missing',
      errnoName: 'ENOENT',
      index: 3,
      add: (transaction) =>
        transaction.add(rule(c, [match.ip.saddr.in({ kind: 'set', table: t, name: 'none' }), action.drop])),
      text: /^operation 3, add rule inet t c: ENOENT.*nothing was applied/,
    },
    {
      why: 'names the second of two operations',
      code: 'nftables/missing',
      errnoName: 'ENOENT',
      index: 4,
      add: (transaction) => transaction.add(rule(c, [action.drop])).delete(host('10.0.0.1')),
      text: /^operation 4, delete 1 elements of inet t s: ENOENT/,
    },
    {
      why: 'says what exists',
      code: 'nftables/exists',
      errnoName: 'EEXIST',
      index: 4,
      add: (transaction) => transaction.add(host('10.0.0.1')).create(host('10.0.0.1')),
      text: /create 1 elements of inet t s: EEXIST/,
    },
    {
      why: 'says what is in use',
      code: 'nftables/in-use',
      errnoName: 'EBUSY',
      index: 4,
      add: (transaction) => transaction.add(rule(c, [match.ip.saddr.in(s), action.drop])).delete(s),
      text: /delete set inet t s: EBUSY.*remove what refers to it first/,
    },
    {
      why: 'names the element that closes a loop of chains',
      code: 'nftables/refused',
      errnoName: 'EMLINK',
      index: 7,
      add: (transaction) => {
        const base = createChain(t, 'b', { type: 'filter', hook: 'input', priority: 0, policy: 'accept' })
        const m = createMap(t, 'm', ['ifname'], 'verdict')
        const loop = createElements(m, [element(m.key, ['lo'], { verdict: { kind: 'jump', chain: 'c' } })])
        transaction.add(base, m, ...[base, c].map((chain) => rule(chain, [match.meta.iifname.vmap(m)])), loop)
      },
      text: /^operation 7, add 1 elements of inet t m: EMLINK/,
    },
  ])('$why', async ({ code, errnoName, index, add, text }) => {
    using kernel = open()
    const transaction = frame()
    add(transaction)
    const error = caught(() => commitSync(kernel.link, transaction))
    expect(error.code).toBe(code)
    expect(error.facts).toMatchObject({ errnoName, index })
    expect(error.message).toMatch(text)
    expect(isRefusedWith(error, errnoName)).toBe(true)
    expect(error.retryable).toBe(false)
    expect(await readTables(kernel.link, call)).toEqual([])
  })

  it('lists what else was refused', () => {
    using kernel = open()
    const missing = createChain(t, 'missing')
    const transaction = frame().add(rule(missing, [action.drop]), rule(missing, [action.accept]))
    const { facts } = caught(() => commitSync(kernel.link, transaction))
    expect(facts).toMatchObject({ index: 3, more: [{ index: 4, errnoName: 'ENOENT' }] })
  })

  it('of many messages names the operation, not the message', () => {
    using kernel = open()
    const keys = Uint8Array.from({ length: 20_000 * 4 }, (_, i) =>
      i % 4 === 3 ? (i >> 2) & 255 : i % 4 === 2 ? (i >> 10) & 255 : 10,
    )
    const transaction = frame()
      .add(createPackedElements(s, { count: 20_000, keys }))
      .delete(host('192.0.2.1'))
    expect(caught(() => commitSync(kernel.link, transaction)).facts).toMatchObject({ index: 4 })
  })
})

describe('the generation', () => {
  it('lets through who knows the ruleset, and stops who does not', async () => {
    using kernel = open()
    const first = await readGeneration(kernel.link, call)
    const { generation } = await commit(kernel.link, frame(), { generation: first }, call)
    expect(generation).toBe(await readGeneration(kernel.link, call))
    kernel.netns.run('nft', 'add', 'table', 'ip', 'foreign')
    const error = await commit(
      kernel.link,
      createTransaction().add(host('10.0.0.1')),
      { generation: generation! },
      call,
    ).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'nftables/stale-generation', retryable: true, facts: { generation } })
    expect(await readElements(kernel.link, s, call)).toEqual([])
  })
})

describe('a transaction', () => {
  it('without operations is not sent', async () => {
    using kernel = open()
    const before = await readGeneration(kernel.link, call)
    await commit(kernel.link, createTransaction(), {}, call)
    expect(await readGeneration(kernel.link, call)).toBe(before)
  })

  it('is not sent after an abort', async () => {
    using kernel = open()
    const reason = new Error('enough')
    await expect(commit(kernel.link, frame(), {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await readTables(kernel.link, call)).toEqual([])
  })

  it('tells the handles of what it made', async () => {
    using kernel = open()
    const transaction = frame().add(rule(c, [action.drop]), host('10.0.0.1'), rule(c, [action.accept]))
    const { handles } = await commit(kernel.link, transaction, { echo: true }, call)
    const rules = await readRules(kernel.link, c, call)
    expect([handles.get(3), handles.get(5)]).toEqual(rules.map(({ handle }) => handle))
  })

  it('puts rules before, behind and in place of others, and removes them', async () => {
    using kernel = open()
    const mark = (value: number) => rule(c, [action.setMark(value)])
    const made = await commit(kernel.link, frame().add(mark(1), mark(4)), { echo: true }, call)
    const [one, four] = [made.handles.get(3)!, made.handles.get(4)!]
    commitSync(
      kernel.link,
      createTransaction()
        .add({ ...mark(2), position: one })
        .insert({ ...mark(3), position: four }, mark(0))
        .replace({ ...mark(5), handle: four }),
    )
    const marks = async () =>
      (await readRules(kernel.link, c, call)).map(
        ({ expressions: [load] }) => load?.kind === 'immediate' && load.data[0],
      )
    expect(await marks()).toEqual([0, 1, 2, 3, 5])
    commitSync(kernel.link, createTransaction().delete({ kind: 'rule', chain: c, handle: one }))
    expect(await marks()).toEqual([0, 2, 3, 5])
    commitSync(kernel.link, createTransaction().flush(c))
    expect(await marks()).toEqual([])
  })

  it('of every verb for every object does what nft does', async () => {
    using kernel = open()
    commitSync(kernel.link, frame().add(host('10.0.0.1')))
    commitSync(kernel.link, createTransaction().destroy(host('10.0.0.1'), host('10.0.0.2')))
    expect(await readElements(kernel.link, s, call)).toEqual([])
    commitSync(kernel.link, createTransaction().add(host('10.0.0.3')).flush(s).add(host('10.0.0.4')))
    expect((await readElements(kernel.link, s, call)).length).toBe(1)
    commitSync(
      kernel.link,
      createTransaction()
        .add(rule(c, [action.drop]))
        .flush(t),
    )
    expect(await readRules(kernel.link, c, call)).toEqual([])
    commitSync(kernel.link, createTransaction().delete(c, s).destroy(c, s))
    expect(await readTableContents(kernel.link, t, call)).toMatchObject({ chains: [], sets: [] })
    commitSync(kernel.link, createTransaction().delete(t).destroy(t).create(t))
    expect(caught(() => commitSync(kernel.link, createTransaction().create(t))).code).toBe('nftables/exists')
  })

  it('can be checked without being applied', async () => {
    using kernel = open()
    checkSync(kernel.link, frame())
    expect(await readTables(kernel.link, call)).toEqual([])
    expect(caught(() => checkSync(kernel.link, createTransaction().add(c))).code).toBe('nftables/missing')
  })

  it('that is large leaves the event loop free, and reads back packed', async () => {
    using kernel = open()
    const count = 60_000
    const keys = new Uint8Array(count * 4)
    const view = new DataView(keys.buffer)
    for (let i = 0; i < count; i++) view.setUint32(i * 4, 0x0a000000 + i * 5)
    const n = createSet(t, 'n', ['ipv4_addr'], { interval: true })
    const ends = keys.slice()
    for (let i = 0; i < count; i++) new DataView(ends.buffer).setUint32(i * 4, 0x0a000000 + i * 5 + (i % 5))
    const transaction = frame().add(
      createPackedElements(s, { count, keys }),
      n,
      createPackedElements(n, { count, keys, ends }),
    )
    let turns = 0
    const turn = () => {
      turns++
      spinning = setImmediate(turn)
    }
    let spinning = setImmediate(turn)
    await commit(kernel.link, transaction, {}, call)
    clearImmediate(spinning)
    expect(turns).toBeGreaterThan(10)
    expect(await readPacked(kernel.link, n, call)).toEqual({ count, keys, ends })
    const read = await readPacked(kernel.link, s, call)
    expect(read.count).toBe(count)
    expect(new Uint32Array(read.keys.slice().buffer).sort()).toEqual(new Uint32Array(keys.slice().buffer).sort())
  })

  it('gives elements a time to live', async () => {
    using kernel = open()
    const timed = createSet(t, 'timed', ['ipv4_addr'], { timeout: true, timeoutMs: 3_600_000n })
    const elements = [element(timed.key, ['10.0.0.1'], { timeoutMs: 60_000n }), element(timed.key, ['10.0.0.2'])]
    commitSync(kernel.link, frame().add(timed, createElements(timed, elements)))
    const read = await readElements(kernel.link, timed, call)
    expect(read.map(({ timeoutMs = 3_600_000n }) => timeoutMs).sort()).toEqual([3_600_000n, 60_000n])
    for (const { timeoutMs = 3_600_000n, expirationMs } of read) {
      expect(expirationMs).toBeGreaterThan(timeoutMs - 30_000n)
      expect(expirationMs).toBeLessThanOrEqual(timeoutMs)
    }
  })

  it('of a concatenated set of intervals reads back packed', async () => {
    using kernel = open()
    const p = createSet(t, 'p', ['ipv4_addr', 'inet_service'], { interval: true })
    const keys = Uint8Array.of(10, 0, 0, 0, 0, 80, 0, 0)
    const ends = Uint8Array.of(10, 0, 0, 255, 0, 90, 0, 0)
    commitSync(kernel.link, frame().add(p, createPackedElements(p, { count: 1, keys, ends })))
    expect(await readPacked(kernel.link, p, call)).toEqual({ count: 1, keys, ends })
    commitSync(kernel.link, createTransaction().delete(createPackedElements(p, { count: 1, keys, ends })))
    expect((await readPacked(kernel.link, p, call)).count).toBe(0)
  })
})

it('reads nothing where nothing is, and says so where it must', async () => {
  using kernel = open()
  expect(await readTableContents(kernel.link, t, call)).toMatchObject({
    table: undefined,
    chains: [],
    sets: [],
    rules: [],
  })
  await expect(readElements(kernel.link, s, call)).rejects.toMatchObject({ code: 'nftables/missing' })
})
