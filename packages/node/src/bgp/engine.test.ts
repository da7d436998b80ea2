import { openBgpKernelPolicy } from '@tortie/dataplane'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createEngineLab,
  localRoute,
  neighbor,
  other,
  own,
  prefixes,
  program,
  speakerConfig,
  stateOf,
} from './testing/engine-lab.ts'

type Lab = ReturnType<typeof createEngineLab>
const labs: Lab[] = []
const call = { signal: new AbortController().signal }
function lab(...given: Parameters<typeof createEngineLab>): Lab {
  const made = createEngineLab(...given)
  labs.push(made)
  return made
}
afterEach(async () => {
  for (const each of labs.splice(0)) await each.end()
})

/** With the first program, the kernel's routes told, and the session up. */
async function started(given: Partial<ReturnType<typeof program>> = {}) {
  const all = lab()
  const peer = all.neighbor([localRoute('10.65.1.0/26')])
  void all.run()
  void all.engine.apply(program(given))
  all.kernel.tell([])
  await all.until('the session is up', () => stateOf(peer) === 'Established')
  return { ...all, peer }
}

it('nothing starts before the first program', async () => {
  const { run, clock, kernel, engine, log } = lab()
  void run()
  await clock.advance(60_000)
  expect(log.lines).toEqual([])
  expect(await engine.status(call)).toEqual({ families: [], loopLagMs: 7, why: 'starting' })
  await expect(engine.drain({}, call)).rejects.toMatchObject({ code: 'node/bgp-starting' })
  await engine.apply(program())
  await clock.advance(1)
  expect(log.lines).toMatchObject([{ event: 'bgp.started', facts: { routerId: own, peers: 1 } }])
  // Nothing is left of an earlier run.
  expect(kernel.order).toEqual(['recovered with nothing'])
})

it("learned routes go into the kernel by the program's policy, as soon as their next hops are known there", async () => {
  const kernelPolicy = { rejected: ['10.96.0.0/12'], pools: [], wireguardNextHops: [] }
  const { kernel, until, engine, peer } = await started({ kernelPolicy })
  await until('it is there', () => kernel.held.has('10.65.1.0/26'))
  expect(kernel.held.get('10.65.1.0/26')).toEqual([other])
  expect(kernel.policy).toEqual(kernelPolicy)
  expect([...kernel.watched]).toEqual([other])
  expect(await engine.routes({ family: 4 }, call)).toMatchObject([
    { prefix: '10.65.1.0/26', status: 'best', source: 'NodeMesh', gateway: other, interface: 'eth0' },
  ])
  kernel.resolve(other, undefined)
  await until('its next hop is gone, and it too', () => !kernel.held.has('10.65.1.0/26'))
  kernel.resolve(other, { metric: 1, interface: 'eth1', gateway: '10.0.0.254' })
  await until('it is back', () => kernel.held.has('10.65.1.0/26'))
  expect((await engine.routes({ family: 4 }, call))[0]).toMatchObject({ gateway: '10.0.0.254', interface: 'eth1' })
  peer.withdraw([{ prefix: '10.65.1.0/26', id: 'test' }])
  await until('it is withdrawn', () => !kernel.held.has('10.65.1.0/26'))
  await until('nobody needs the next hop', () => kernel.watched.size === 0)
})

it('peers are told of static routes and of the kernel, and of what of them changes', async () => {
  const [block, gone] = [localRoute('10.65.0.0/26', { id: 'block' }), localRoute('10.65.0.64/26', { id: 'block' })]
  const { peer, kernel, engine, until } = await started({ localRoutes: [block, gone] })
  const fromKernel = localRoute('10.65.9.9/32', { id: 'kernel', source: 'kernel', preference: 10 })
  kernel.tell([fromKernel])
  const knows = (...wanted: string[]): Promise<void> =>
    until(wanted.join(), () => prefixes(peer).join() === ['10.65.1.0/26', ...wanted].sort().join())
  await knows('10.65.0.0/26', '10.65.0.64/26', '10.65.9.9/32')
  await engine.apply({ localRoutes: [block] })
  await knows('10.65.0.0/26', '10.65.9.9/32')
  kernel.tell([], [fromKernel])
  await knows('10.65.0.0/26')
  await engine.apply({ localRoutes: [{ ...block, attributes: { localPref: 77 } }] })
  await until('the attribute', () => [...peer.paths(4, '10.65.0.0/26')][0]?.attributes.localPref === 77)
  expect(peer.peers()[0]?.flaps).toBe(0)
})

it('peers hear nothing before the routes of the kernel are known: they would take the rest for gone', async () => {
  const { run, engine, kernel, clock, until, neighbor: start } = lab()
  const peer = start()
  void run()
  void engine.apply(program())
  await clock.advance(30_000)
  expect(stateOf(peer)).not.toBe('Established')
  kernel.tell([localRoute('10.65.9.9/32', { source: 'kernel' })])
  await until('then they do', () => prefixes(peer).length === 1)
})

describe('after a restart', () => {
  it("the kernel's routes stay until the peers have told theirs, and peers know that they were kept", async () => {
    const { run, engine, kernel, until, clock, neighbor: start, log } = lab([4])
    void run()
    void engine.apply(program())
    kernel.tell([])
    await clock.advance(500)
    expect(kernel.order).toEqual([])
    expect((await engine.status(call)).families).toMatchObject([{ family: 4, state: 'NotReady' }])
    const peer = start([localRoute('10.65.1.0/26')])
    await until('it is over', () => kernel.order.length > 0)
    expect(kernel.order).toEqual(['recovered with 10.65.1.0/26'])
    expect(peer.peers()[0]?.session?.gracefulRestart).toMatchObject({ families: expect.anything() })
    expect((await engine.status(call)).families).toMatchObject([{ family: 4, state: 'Ready' }])
    expect(log.lines.filter(({ event }) => event === 'bgp.recovered')).toHaveLength(1)
  })

  it('they go when no peer is configured any more', async () => {
    const { run, engine, kernel, clock } = lab([4, 6])
    void run()
    await engine.apply(program({ speaker: speakerConfig(own, []) }))
    await clock.advance(1)
    expect(kernel.order).toEqual(['recovered with nothing'])
  })
})

it('what the kernel refuses is told, and stops neither sessions nor other routes', async () => {
  const { kernel, peer, until, log } = await started()
  kernel.refusing = new Error('no room')
  peer.announce([localRoute('10.65.2.0/26')])
  await until('it is told', () => log.lines.some(({ event }) => event === 'bgp.routes.refused'))
  kernel.refusing = undefined
  peer.announce([localRoute('10.65.3.0/26')])
  await until('the next is there', () => kernel.held.has('10.65.3.0/26'))
  expect(peer.peers()[0]?.flaps).toBe(0)
})

it('another policy that the kernel refuses ends nothing', async () => {
  const { engine, kernel, peer, log } = await started()
  kernel.refusing = new Error('no room')
  await engine.apply({ kernelPolicy: { ...openBgpKernelPolicy, rejected: ['10.96.0.0/12'] } })
  expect(log.lines).toContainEqual(expect.objectContaining({ event: 'bgp.routes.refused' }))
  expect(stateOf(peer)).toBe('Established')
})

it('a configuration that contradicts itself is told, and the one before stays in force', async () => {
  const { engine, peer, clock, log } = await started()
  const twice = [neighbor(other), neighbor(other)]
  await engine.apply({ speaker: speakerConfig(own, twice) })
  await clock.advance(10_000)
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', event: 'bgp.config.refused' }))
  expect(stateOf(peer)).toBe('Established')
})

it('a program without a speaker ends the sessions, and the next one starts them', async () => {
  const { engine, peer, until } = await started()
  await engine.apply({ speaker: undefined })
  await until('the session is over', () => stateOf(peer) !== 'Established')
  expect((await engine.status(call)).families).toEqual([])
  await engine.apply({ speaker: program().speaker })
  await until('it is up again', () => stateOf(peer) === 'Established')
  expect((await engine.status(call)).families[0]?.reconfiguredTime).toMatch(/^2023-11-14T.*Z$/)
})

it('says why it serves nothing, when that is not as wanted', async () => {
  const why = 'the node has no IPv4 address'
  const { engine } = await started({ problems: [{ code: 'no-router-id', objects: ['Node(a)'], why }] })
  expect(await engine.status(call)).toMatchObject({ why })
  await engine.apply({ problems: [] })
  expect(await engine.status(call)).not.toHaveProperty('why')
})

it('each problem is told once, and all that there are when asked', async () => {
  const [first, second] = [
    { code: 'no-filter', objects: ['BGPPeer(a)', 'BGPFilter(b)'], why: 'there is no BGPFilter b' },
    { code: 'no-password', objects: ['BGPPeer(c)'], why: 'it is missing' },
  ] as const
  const { engine, log } = await started({ problems: [first] })
  await engine.apply({ problems: [first, second] })
  await engine.apply({ problems: [second] })
  expect(log.lines.filter(({ event }) => event === 'bgp.problem').map(({ facts }) => facts)).toEqual([first, second])
  expect(await engine.problems(call)).toEqual([second])
})

it('a node that is drained asks for other ways, until that is taken back', async () => {
  const shutdown = 0xffff0000
  const { engine, peer, until } = await started({ localRoutes: [localRoute('10.65.0.0/26')] })
  const path = () => [...peer.paths(4, '10.65.0.0/26')][0]?.attributes
  await until('it is known', () => path() !== undefined)
  let isTold = false
  const draining = engine.drain({ wait: 'yes' }, call).then(() => (isTold = true))
  await until('all are told', () => isTold)
  await draining
  await until('it is marked', () => path()?.communities?.includes(shutdown) === true)
  // A program that comes meanwhile does not take it back.
  await engine.apply({ speaker: speakerConfig(own, [neighbor(other, { keepaliveTime: 5 })]) })
  await until('a keepalive later', () => true, 10)
  expect(path()?.communities).toContain(shutdown)
  await engine.undrain(call)
  await until('it is as before', () => path()?.communities?.includes(shutdown) !== true)
  expect(peer.peers()[0]?.flaps).toBe(0)
})

it('a node that was drained still is when BGP starts again', async () => {
  const drained = { asked: true }
  const { engine, kernel, neighbor: open, run, until } = lab([], drained)
  const peer = open()
  void run()
  void engine.apply(program({ localRoutes: [localRoute('10.65.0.0/26')] }))
  kernel.tell([])
  const path = () => [...peer.paths(4, '10.65.0.0/26')][0]?.attributes
  await until('it is marked', () => path()?.communities?.includes(0xffff0000) === true)
  await engine.undrain(call)
  await until('it is as before', () => path()?.communities?.includes(0xffff0000) !== true)
  expect(drained.asked).toBe(false)
})

it('peers are named by their keys: explain, refresh, reset', async () => {
  const { engine, peer, until } = await started({ localRoutes: [localRoute('10.65.0.0/26')] })
  await until('it is known', () => prefixes(peer).includes('10.65.0.0/26'))
  expect(await engine.explain({ prefix: '10.65.0.0/26' }, call)).toMatchObject({
    learned: [{ status: 'best', source: 'Static' }],
    exported: [{ peer: other, sent: true }],
  })
  await engine.refresh({ peer: other, direction: 'out' }, call)
  await engine.reset({ peer: other, text: 'again' }, call)
  await until('the session starts again', () => peer.peers()[0]?.flaps === 1)
  await until('and is up', () => stateOf(peer) === 'Established')
  const error = { code: 'node/no-such-peer', message: `there is no BGP peer nobody; known are: ${other}` }
  await expect(engine.explain({ prefix: '10.65.0.0/26', peer: 'nobody' }, call)).rejects.toMatchObject(error)
  await expect(engine.refresh({ peer: 'nobody', direction: 'in' }, call)).rejects.toMatchObject(error)
  await expect(engine.reset({ peer: 'nobody' }, call)).rejects.toMatchObject(error)
})

it('tells of its peers, and sets what the log says', async () => {
  const { engine, levels, kernel, until } = await started({ logLevel: 'debug' })
  await until('its route came', () => kernel.held.size === 1)
  expect(levels).toEqual(['debug'])
  const { families } = await engine.status(call)
  expect(families).toMatchObject([{ family: 4, routerId: own, state: 'Ready', bootTime: '2023-11-14T22:13:20Z' }])
  expect(families[0]?.peers).toEqual([
    {
      name: other,
      asNumber: 64_512,
      flaps: 0,
      routes: { received: 1, accepted: 1, sent: 0 },
      type: 'NodeMesh',
      peerIP: other,
      state: 'up',
      bgpState: 'Established',
      since: expect.stringMatching(/^2023-11-14T22:1\d:\d\dZ$/),
    },
  ])
})

it('ends with what makes going on impossible', async () => {
  const { run, engine, kernel, until } = lab()
  let ended: unknown
  void run().then((error) => {
    ended = error
  })
  await engine.apply(program())
  kernel.breakNextHops(new Error('the socket is gone'))
  await until('it ends', () => ended !== undefined)
  expect(ended).toMatchObject({ message: 'the socket is gone' })
})

it('stopped for good it says so; stopped for a restart it says nothing', async () => {
  const [gone, back] = [await started(), await started()]
  await Promise.all([gone.clock.drive(gone.engine.stop({ how: 'shutdown', text: 'moved' })), gone.clock.advance(1000)])
  await gone.until('it is told', () => stateOf(gone.peer) !== 'Established')
  expect(gone.peer.peers()[0]).toMatchObject({ restarting: false, lastError: expect.stringContaining('moved') })
  await Promise.all([back.clock.drive(back.engine.stop({ how: 'restart' })), back.clock.advance(1000)])
  await back.until('it is gone', () => stateOf(back.peer) !== 'Established')
  expect(back.peer.peers()[0]).toMatchObject({ restarting: true })
})
