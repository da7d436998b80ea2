import { readdirSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTcpNetwork, type TcpNetwork } from './tcp.ts'
import type { TcpConnection } from './tcp-connection.ts'
import { createTestNetns, linkNetns, type TestNetns } from './testing/index.ts'

let here: TestNetns
let there: TestNetns
let near: TcpNetwork
let far: TcpNetwork
let stop: AbortController

beforeEach(() => {
  here = createTestNetns('tcp')
  there = createTestNetns('tcp')
  linkNetns(
    { netns: here, interface: 'eth0', addresses: ['10.0.0.1/24', '10.0.0.11/24', 'fd00::1/64'] },
    { netns: there, interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
  )
  near = openTcpNetwork({ netns: here })
  far = openTcpNetwork({ netns: there })
  stop = new AbortController()
})
afterEach(() => {
  stop.abort(new Error('the test is over'))
  here[Symbol.dispose]()
  there[Symbol.dispose]()
})

const options = { ttl: 64 }
const none: ReadonlyMap<string, string> = new Map()

/** Both ends of a connection to `address`, and what the far one received. */
async function meet(address: string, given: Parameters<TcpNetwork['connect']>[1] = options, passwords = none) {
  const accepted = Promise.withResolvers<TcpConnection>()
  const family = address.includes(':') ? 6 : 4
  const listener = await far.listen({ family, port: 0 }, passwords, accepted.resolve)
  const ours = await near.connect({ address, port: listener.port }, given, stop)
  return { ours, theirs: await accepted.promise, listener }
}

/** Octets received in all, as they come; and how it ended. */
function listenTo(connection: TcpConnection) {
  const received: number[] = []
  const wanted: { readonly count: number; readonly resolve: () => void }[] = []
  const ended = Promise.withResolvers<Error | undefined>()
  connection.start({
    data: (bytes) => {
      received.push(...bytes)
      for (const { count, resolve } of wanted) if (received.length >= count) resolve()
    },
    drain: () => undefined,
    end: (error) => ended.resolve(error),
  })
  const atLeast = (count: number): Promise<void> =>
    received.length >= count ? Promise.resolve() : new Promise((resolve) => wanted.push({ count, resolve }))
  return { received, atLeast, ended: ended.promise }
}

/** Segments that the far side dropped for their TTL. */
function dropped(): number {
  const rows = there
    .run('cat', '/proc/net/netstat')
    .split('\n')
    .filter((row) => row.startsWith('TcpExt:'))
  const [names = [], values = []] = rows.map((row) => row.split(' '))
  return Number(values[names.indexOf('TCPMinTTLDrop')])
}

const quiet = { data: () => undefined, drain: () => undefined, end: () => undefined }

describe.each([
  { address: '10.0.0.2', source: '10.0.0.11', family: 4 as const },
  { address: 'fd00::2', source: 'fd00::1', family: 6 as const },
])('TCP over IPv$family', ({ address, source, family }) => {
  it('carries octets both ways, from the source address that was asked for', async () => {
    const { ours, theirs, listener } = await meet(address, { ...options, localAddress: source, interface: 'eth0' })
    expect([ours.localAddress, ours.remoteAddress, theirs.remoteAddress]).toEqual([source, address, source])
    const [a, b] = [listenTo(ours), listenTo(theirs)]
    const bytes = Uint8Array.of(1, 2, 3)
    ours.write(bytes)
    bytes.fill(9) // what was written is not what the caller does with it later
    theirs.write(Uint8Array.of(4))
    await Promise.all([a.atLeast(1), b.atLeast(3)])
    expect([a.received, b.received]).toEqual([[4], [1, 2, 3]])
    await ours.close(1000)
    expect(await b.ended).toBeUndefined()
    await theirs.close(0)
    listener.close()
  })

  it('connects with the same password on both sides, which may change while it is open', async () => {
    const { ours, theirs, listener } = await meet(
      address,
      { ...options, localAddress: source, password: 'one' },
      new Map([[source, 'one']]),
    )
    const told = listenTo(theirs)
    ours.start(quiet)
    ours.write(Uint8Array.of(1))
    await told.atLeast(1)
    ours.configure({ password: 'two' })
    theirs.configure({ password: 'two' })
    ours.write(Uint8Array.of(2))
    await told.atLeast(2)
    listener.setPasswords(new Map([[source, 'three']]))
    const again = near.connect(
      { address, port: listener.port },
      { ...options, localAddress: source, password: 'three' },
      stop,
    )
    const third = await again
    for (const one of [ours, theirs, third]) one.abort()
    listener.close()
  })

  it.each(['wrong', undefined])('does not connect with the password %s, and can be given up', async (password) => {
    const listener = await far.listen({ family, port: 0 }, new Map([[source, 'right']]), () => undefined)
    const attempt = near.connect(
      { address, port: listener.port },
      { ...options, localAddress: source, ...(password !== undefined && { password }) },
      { signal: AbortSignal.timeout(300) },
    )
    await expect(attempt).rejects.toThrow(/timeout/i)
    listener.close()
  })

  it('takes passwords for a prefix', async () => {
    const prefix = family === 4 ? '10.0.0.0/24' : 'fd00::/64'
    const { ours, theirs, listener } = await meet(address, { ...options, password: 'all' }, new Map([[prefix, 'all']]))
    ours.abort()
    theirs.abort()
    listener.close()
  })

  it('sends with the TTL that the other side requires (GTSM)', async () => {
    const { ours, theirs, listener } = await meet(address, { ttl: 255, minTtl: 255 })
    theirs.configure({ ttl: 255, minTtl: 255 })
    const told = listenTo(theirs)
    ours.start(quiet)
    ours.write(Uint8Array.of(1))
    await told.atLeast(1)
    // From now on our packets are as those of somebody farther away.
    ours.configure({ ttl: 64 })
    const before = dropped()
    ours.write(Uint8Array.of(2))
    while (dropped() === before) await new Promise((resolve) => setImmediate(resolve))
    expect(told.received).toEqual([1])
    ours.configure({ ttl: 255 })
    await told.atLeast(2)
    for (const one of [ours, theirs]) one.abort()
    listener.close()
  })

  it('says with which TTL an accepted connection came', async () => {
    const { ours, theirs, listener } = await meet(address, { ttl: 17 })
    expect([theirs.receivedTtl, ours.receivedTtl]).toEqual([17, undefined])
    for (const one of [ours, theirs]) one.abort()
    listener.close()
  })

  it('is refused where nobody listens', async () => {
    await expect(near.connect({ address, port: 9 }, options, stop)).rejects.toThrow('ECONNREFUSED')
  })
})

it('answers with a TTL that GTSM takes, whatever the default is', async () => {
  const { ours, theirs, listener } = await meet('10.0.0.2', { ttl: 255, minTtl: 255 })
  for (const one of [ours, theirs]) one.abort()
  listener.close()
})

it('tells what is unsent, wants no more, and drains', async () => {
  const { ours, theirs, listener } = await meet('10.0.0.2')
  const drained = Promise.withResolvers<void>()
  ours.start({ ...quiet, drain: drained.resolve })
  theirs.start(quiet)
  theirs.pause(true)
  const chunk = new Uint8Array(64 * 1024)
  let wantsMore = true
  for (let i = 0; i < 1000 && wantsMore; i++) wantsMore = ours.write(chunk)
  expect(wantsMore).toBe(false)
  expect(ours.unsent).toBeGreaterThan(0)
  theirs.pause(false)
  await drained.promise
  expect(ours.unsent).toBe(0)
  for (const one of [ours, theirs]) one.abort()
  listener.close()
})

it('tells of a reset once, and not after it was closed here', async () => {
  const { ours, theirs, listener } = await meet('10.0.0.2')
  const a = listenTo(ours)
  let ends = 0
  theirs.start({ ...quiet, end: () => ends++ })
  theirs.abort()
  expect(await a.ended).toMatchObject({ code: 'ECONNRESET' })
  await ours.close(1000)
  await theirs.close(1000)
  expect(ends).toBe(0)
  listener.close()
})

it('refuses what cannot be: no such source, no such interface, a port that is taken, a long key', async () => {
  const to = { address: '10.0.0.2', port: 9 }
  await expect(near.connect(to, { ...options, localAddress: '192.0.2.1' }, stop)).rejects.toThrow('EADDRNOTAVAIL')
  await expect(near.connect(to, { ...options, interface: 'nope' }, stop)).rejects.toThrow('ENODEV')
  await expect(near.connect(to, { ...options, password: 'x'.repeat(81) }, stop)).rejects.toThrow('80 octets')
  const listener = await far.listen({ family: 4, port: 0 }, none, () => undefined)
  await expect(far.listen({ family: 4, port: listener.port }, none, () => undefined)).rejects.toThrow('EADDRINUSE')
  listener.close()
})

it('closes each descriptor once', async () => {
  const sockets = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`)
        return target.startsWith('socket:') ? [`${fd} ${target}`] : []
      } catch {
        return []
      }
    })
  const before = sockets()
  for (let i = 0; i < 20; i++) {
    const { ours, theirs, listener } = await meet('10.0.0.2')
    const told = listenTo(theirs)
    ours.start(quiet)
    await ours.close(i % 2 === 0 ? 0 : 1000).then(() => told.ended)
    await theirs.close(1000)
    listener.close()
    await expect(near.connect({ address: '10.0.0.2', port: listener.port }, options, stop)).rejects.toThrow()
  }
  expect(sockets()).toEqual(before)
})
