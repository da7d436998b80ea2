import { memoryDatastore, pauseBefore } from '@tortie/datastore/testing'
import { type Random, silentLog } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { createIpam, type Ipam } from './ipam.ts'
import { addNode, addPool, call } from './testing/cluster.ts'
import { inspect } from './testing/invariants.ts'
import { randomSchedule } from './testing/schedule.ts'

const nodes = ['node-1', 'node-2', 'node-3']

interface Rival {
  readonly ipam: Ipam
  readonly host: string
  readonly name: string
  readonly random: Random
  /** Handles with addresses, as this process knows. */
  readonly mine: Map<string, string[]>
}

/** Who holds which address, as the callers were told: an address may have one holder. */
class Ledger {
  readonly holders = new Map<string, string>()
  give(address: string, holder: string): void {
    expect(this.holders.get(address), `${address} was given to ${holder} too`).toBeUndefined()
    this.holders.set(address, holder)
  }
  take(address: string): void {
    this.holders.delete(address)
  }
}

const bare = (cidr: string): string => cidr.split('/')[0] ?? ''
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T

let handles = 0

async function assign({ ipam, host, name, random, mine }: Rival, ledger: Ledger): Promise<void> {
  // Sometimes a second time for the same handle, as a retried ADD.
  const known = [...mine.keys()]
  const handle = known.length > 0 && random.next() < 0.2 ? pick(random, known) : `${name}.${handles++}`
  const num4 = 1 + Math.floor(random.next() * 3)
  const request = { num4, num6: random.next() < 0.3 ? 1 : 0, handle, host, intendedUse: 'Workload' as const }
  const { ipv4, ipv6 } = await ipam.autoAssign({ ...request, attributes: { node: host } }, call)
  const addresses = [...ipv4.addresses, ...ipv6.addresses].map(bare)
  for (const address of addresses) ledger.give(address, handle)
  mine.set(handle, [...(mine.get(handle) ?? []), ...addresses])
}

async function release({ ipam, random, mine }: Rival, ledger: Ledger): Promise<void> {
  const known = [...mine.entries()].filter(([, addresses]) => addresses.length > 0)
  if (known.length === 0) return
  const [handle, addresses] = pick(random, known)
  if (random.next() < 0.5) {
    mine.delete(handle)
    for (const address of addresses) ledger.take(address)
    await ipam.releaseByHandle({ handle }, call)
  } else {
    const [address = ''] = addresses.splice(0, 1)
    ledger.take(address)
    const { released, failures } = await ipam.releaseIps([{ address, handle }], call)
    expect(failures).toEqual([])
    expect(released).toEqual([address])
  }
}

async function assignGiven({ ipam, host, name, random, mine }: Rival, ledger: Ledger): Promise<void> {
  const address = `10.65.0.${Math.floor(random.next() * 32)}`
  const handle = `${name}.${handles++}`
  try {
    await ipam.assignIp({ address, handle, host, attributes: { node: host } }, call)
    ledger.give(address, handle)
    mine.set(handle, [address])
  } catch (error) {
    expect(error).toMatchObject({ code: 'ipam/address-assigned' })
  }
}

async function giveUp({ ipam, host, random }: Rival): Promise<void> {
  const owner = { type: 'host', name: random.next() < 0.7 ? host : pick(random, nodes) } as const
  const mustBeEmpty = random.next() < 0.5
  await ipam.releaseHostAffinities({ owner, mustBeEmpty }, call).catch((error: { code: string }) => {
    expect(error.code).toBe('ipam/block-not-empty')
  })
}

async function live(rival: Rival, ledger: Ledger, operations: number): Promise<void> {
  for (let i = 0; i < operations; i++) {
    const dice = rival.random.next()
    const operation = dice < 0.5 ? assign : dice < 0.8 ? release : dice < 0.9 ? assignGiven : giveUp
    await operation(rival, ledger).catch((error: { code?: string }) => {
      // A pool of 32 addresses runs dry now and then; whoever claimed every block stops at the limit.
      if (!['ipam/block-limit', 'ipam/contention'].includes(error.code ?? '')) throw error
    })
  }
}

/** Several processes on one store, any order of their store operations. @returns how many operations there were */
async function compete(seed: number, cooldown: number): Promise<number> {
  const random = seededRandom(seed)
  const schedule = randomSchedule(random)
  const datastore = memoryDatastore()
  const base = virtualClock()
  // Time passes with every step, so that blocks become old enough to be reclaimed and addresses rest enough.
  const clock = {
    ...base,
    wallMs: () => base.wallMs() + schedule.steps * 700,
    wallNs: () => base.wallNs() + BigInt(schedule.steps) * 700_000_000n,
    sleep: (ms: number) => (ms > 1_000 ? new Promise<void>(() => undefined) : schedule.pause()),
  }
  for (const name of nodes) await addNode(datastore, name)
  await addPool(datastore, 'v4', { cidr: '10.65.0.0/27', blockSize: 29 })
  await addPool(datastore, 'v6', { cidr: 'fd80::/122', blockSize: 125 })
  if (cooldown > 0)
    await createIpam({ datastore, clock: base, random, log: silentLog }).setConfig(
      { ipCooldownSeconds: cooldown },
      call,
    )
  const rivals = Array.from({ length: 5 }, (_, i): Rival => {
    const view = pauseBefore(() => schedule.pause(), datastore)
    const own = seededRandom(seed * 100 + i)
    const ipam = createIpam({ datastore: view, clock, random: own, log: silentLog })
    return { ipam, host: nodes[i % 3] ?? '', name: `p${i}`, random: own, mine: new Map() }
  })
  const ledger = new Ledger()
  await schedule.run(rivals.map((rival) => live(rival, ledger, 8)))

  const { allocations, violations, overcounts } = await inspect(datastore, clock.wallMs())
  expect([violations, overcounts]).toEqual([[], []])
  expect(allocations.length, 'as many addresses are allocated as callers hold').toBe(ledger.holders.size)
  const cleaner = createIpam({ datastore, clock, random, log: silentLog })
  await cleaner.setConfig({ ipCooldownSeconds: 0 }, call)
  for (const { spec } of (await datastore.list({ kind: 'IPAMHandle' }, call)).items)
    await cleaner.releaseByHandle({ handle: spec.handleID }, call)
  const end = await inspect(datastore, clock.wallMs())
  expect([end.allocations, end.handles]).toEqual([[], []])
  return schedule.steps
}

describe('several processes on one store, in any order of their operations', () => {
  const rounds = 25
  it.each([0, 1, 2, 3])('never share an address, lose none and under-count none (%s)', async (batch) => {
    for (let round = 0; round < rounds; round++) {
      const seed = batch * rounds + round
      try {
        await compete(seed, seed % 3 === 0 ? 30 : 0)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })
})

/** A delete may overtake a slow add of the same container, and a retried add a slow delete. */
async function addsAndDeletes(seed: number): Promise<void> {
  const schedule = randomSchedule(seededRandom(seed))
  const datastore = memoryDatastore()
  const clock = {
    ...virtualClock(),
    sleep: (ms: number) => (ms > 1_000 ? new Promise<void>(() => undefined) : schedule.pause()),
  }
  await addNode(datastore, 'node-1')
  await addPool(datastore, 'v4', { cidr: '10.65.0.0/27', blockSize: 30 })
  const ipamOf = (i: number): Ipam => {
    const view = pauseBefore(() => schedule.pause(), datastore)
    return createIpam({ datastore: view, clock, random: seededRandom(seed * 10 + i), log: silentLog })
  }
  const add = async (ipam: Ipam): Promise<void> => {
    for (let i = 0; i < 4; i++)
      await ipam.autoAssign({ num4: 2, handle: 'net.c', host: 'node-1', intendedUse: 'Workload' }, call)
  }
  const remove = async (ipam: Ipam): Promise<void> => {
    for (let i = 0; i < 4; i++)
      await ipam.releaseByHandle({ handle: 'net.c' }, call).catch((error: { code: string }) => {
        expect(error.code).toBe('ipam/unknown-handle')
      })
  }
  const removeOne = async (ipam: Ipam): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      const addresses = await ipam.ipsByHandle('net.c', call).catch(() => [])
      const { failures } = await ipam.releaseIps(
        addresses.slice(0, 2).map((address) => ({ address })),
        call,
      )
      expect(failures).toEqual([])
    }
  }
  const removers = seed % 2 === 0 ? [remove, remove] : seed % 3 === 0 ? [remove, removeOne] : [removeOne, removeOne]
  await schedule.run([add, add, ...removers].map((work, i) => work(ipamOf(i))))
  expect((await inspect(datastore, clock.wallMs())).violations).toEqual([])
  const last = createIpam({ datastore, clock, random: seededRandom(1), log: silentLog })
  if ((await inspect(datastore, clock.wallMs())).handles.length > 0)
    await last.releaseByHandle({ handle: 'net.c' }, call)
  const { allocations, handles: left } = await inspect(datastore, clock.wallMs())
  expect([allocations, left]).toEqual([[], []])
}

it('adds and deletes of one handle in any order leave no address that the handle does not find', async () => {
  // 415: an address is assigned while its handle is being settled.
  for (const seed of [...Array(120).keys(), 415]) {
    try {
      await addsAndDeletes(seed)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
