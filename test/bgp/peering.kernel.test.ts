/** Spec 05 A3, A6, A7, A9, A10: an agent and the switches of its rack, what changes a session and what does not. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kernelRoute, kernelRoutes } from './kernel.ts'
import { type Agent, type BgpLab, cluster, createBgpLab, ctl, type Machine, open, putBlock } from './lab.ts'
import { startTor, type Tor, type TorSession, torConfig } from './tor.ts'

const rack = 64_700
let lab: BgpLab
let agent: Agent
let tor: Tor
let machine: Machine
let host: Machine
const contradicted = '10.10.0.102'
const session = (name: string, local: string, more: Partial<TorSession> = {}): TorSession => ({
  name,
  local,
  as: rack,
  neighbor: host.ipv4,
  neighborAs: cluster,
  ...more,
})
beforeAll(async () => {
  lab = await createBgpLab('peering')
  host = lab.machine('host1', 1)
  machine = lab.machine('tor', 100)
  await open(lab)
  await lab.put('IPPool', 'pods', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'more', { cidr: '10.68.0.0/16', blockSize: 26, nodeSelector: '!all()' })
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  await lab.put('BGPFilter', 'rack', {})
  await lab.put('BGPPeer', 'plain', { node: 'host1', peerIP: machine.ipv4, asNumber: rack, filters: ['rack'] })
  await putBlock(lab, 'host1', '10.65.1.0/26')
  await putBlock(lab, 'host1', '10.68.0.0/26')
  tor = await startTor(lab, machine, [session('plain', machine.ipv4, { networks: ['192.0.2.0/24'] })])
  agent = await lab.agent(host, { IP6: 'none' })
  await agent.established(machine.ipv4)
}, 120_000)

afterAll(() => lab[Symbol.asyncDispose]())

it('what is announced changes with each resource; the session stays', async () => {
  const announces = (...prefixes: string[]): Promise<unknown> =>
    lab.until(`the switch has ${prefixes.join(', ')}`, async () => {
      const routes = await tor.routes('plain')
      return routes.join(' ') === prefixes.sort().join(' ')
    })
  const [block, other, more] = ['10.65.1.0/26', '10.65.1.64/26', '10.68.0.0/26'] as const
  const tells = (prefix: string, words: string): Promise<unknown> =>
    lab.until(`${prefix}: ${words}`, async () => (await tor.route('plain', prefix)).includes(words))
  await announces(block, more)
  const before = [await tor.since('plain'), (await agent.peer(machine.ipv4))?.since]

  await putBlock(lab, 'host1', other)
  await announces(block, other, more)
  const reject = { action: 'Reject', cidr: '10.68.0.0/16', matchOperator: 'In' } as const
  await lab.put('BGPFilter', 'rack', { exportV4: [reject] })
  await announces(block, other)
  const tag = {
    action: 'Accept',
    cidr: other,
    matchOperator: 'Equal',
    operations: [{ addCommunity: { value: '64700:99' } }],
  } as const
  await lab.put('BGPFilter', 'rack', { exportV4: [{ ...tag, operations: [...tag.operations] }] })
  await tells(other, 'BGP.community: (64700,99)')
  await announces(block, other, more)
  await lab.put('IPPool', 'more', {
    cidr: '10.68.0.0/16',
    blockSize: 26,
    nodeSelector: '!all()',
    disableBGPExport: true,
  })
  await announces(block, other)
  await lab.put('IPPool', 'more', { cidr: '10.68.0.0/16', blockSize: 26, nodeSelector: '!all()' })
  await announces(block, other, more)
  const services = {
    serviceClusterIPs: [{ cidr: '10.96.0.0/16' }],
    serviceExternalIPs: [{ cidr: '203.0.113.0/24' }, { cidr: '198.51.100.7/32' }],
  }
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false, ...services })
  await announces(block, other, more, '10.96.0.0/16', '203.0.113.0/24')
  await lab.put('BGPConfiguration', 'default', {
    nodeToNodeMeshEnabled: false,
    ...services,
    communities: [{ name: 'pods', value: '64512:7' }],
    prefixAdvertisements: [{ cidr: '10.65.0.0/16', communities: ['pods', '64512:7:9'] }],
  })
  await tells(block, 'BGP.community: (64512,7)')
  await tells(block, 'BGP.large_community: (64512, 7, 9)')
  // Accepted by the filter: nothing after it is asked (trap 8).
  expect(await tor.route('plain', other)).toContain('BGP.community: (64700,99)\n')
  expect(await tor.route('plain', other)).not.toContain('large_community')
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  await announces(block, other, more)
  await lab.put('BGPFilter', 'rack', { importV4: [{ action: 'Reject', cidr: '192.0.2.0/24', matchOperator: 'Equal' }] })
  await lab.until('the route of the switch is refused', () => !kernelRoute(host.net, '192.0.2.0/24'))
  await lab.put('BGPFilter', 'rack', {
    importV4: [{ action: 'Accept', operations: [{ setPriority: { value: 700 } }] }],
  })
  await lab.until('the route of the switch has a metric', () => kernelRoute(host.net, '192.0.2.0/24')?.metric === 700)
  const peer = { node: 'host1', peerIP: machine.ipv4, asNumber: rack, filters: ['rack'] }
  await lab.put('BGPPeer', 'plain', { ...peer, keepaliveTime: '7s', nextHopMode: 'Self', numAllowedLocalASNumbers: 1 })
  await lab.put('BGPFilter', 'rack', {})
  await lab.until('the metric of eBGP', () => kernelRoute(host.net, '192.0.2.0/24')?.metric === 2_147_483_547)
  expect([await tor.since('plain'), (await agent.peer(machine.ipv4))?.since]).toEqual(before)
  expect(await agent.peer(machine.ipv4)).toMatchObject({ flaps: 0 })
  // Service ranges are announced, and never in the kernel.
  expect(
    kernelRoutes(host.net, 'bird')
      .map(({ dst }) => dst)
      .sort(),
  ).toEqual([block, other, more, '192.0.2.0/24'].sort())

  // What is agreed on in the OPEN needs another session.
  await lab.put('BGPPeer', 'plain', { ...peer, maxRestartTime: '77s' })
  await lab.until('the session starts again', async () => (await agent.peer(machine.ipv4))?.flaps === 1)
  await agent.established(machine.ipv4)
  expect(await tor.bird.birdc('show', 'protocols', 'all', 'plain')).toContain('Restart time: 77')
  await announces(block, other, more)
})

it('a node that is drained asks for other ways, until that is taken back', async () => {
  const marked = async () => (await tor.route('plain', '10.65.1.0/26')).includes('(65535,0)')
  const before = await tor.since('plain')
  expect(await marked()).toBe(false)
  expect(ctl(agent, lab.at, 'bgp', 'drain', '--wait')).toContain('asked to use other ways')
  await lab.until('the switch is asked', marked)
  ctl(agent, lab.at, 'bgp', 'undrain')
  await lab.until('the switch may use it again', async () => !(await marked()))
  expect(await tor.since('plain')).toBe(before)
})

it('no session without the password that both have, and a new one while it runs', async () => {
  const problem = (why: RegExp): Promise<unknown> => lab.until(`the log says ${why}`, () => why.test(agent.log()))
  const other = lab.machine('tor1', 101)
  const protectedBy = (word: string): TorSession[] => [
    session('protected', other.ipv4, { more: `password "${word}";` }),
  ]
  const safe = await startTor(lab, other, protectedBy('first'))
  const password = { secretKeyRef: { name: 'bgp', key: 'rack' } }
  await lab.put('BGPPeer', 'protected', { node: 'host1', peerIP: other.ipv4, asNumber: rack, password })
  await problem(/"code":"no-password","objects":\["BGPPeer\(protected\)"\],"why":"key rack of secret bgp is missing/)
  expect(await agent.peer(other.ipv4)).toMatchObject({ state: 'down' })
  expect(ctl(agent, lab.at, 'bgp', 'problems')).toContain('key rack of secret bgp is missing')

  agent.secret('bgp', 'rack', 'wrong')
  await problem(
    /"peer":"Node_10_10_0_101","why":"no answer from 10.10.0.101 port 179: check way and firewall, or the password/,
  )
  expect(await agent.peer(other.ipv4)).toMatchObject({ state: 'start', info: expect.stringContaining('password') })
  expect(await safe.since('protected')).toBe('')

  agent.secret('bgp', 'rack', 'first')
  await agent.established(other.ipv4)
  expect(ctl(agent, lab.at, 'bgp', 'problems')).not.toContain('secret bgp')

  const before = await safe.since('protected')
  agent.secret('bgp', 'rack', 'second')
  await safe.bird.configure(torConfig(other.ipv4, protectedBy('second')))
  await lab.until('the switch has another session', async () => {
    const since = await safe.since('protected')
    return since !== '' && since !== before
  })
  await agent.established(other.ipv4)
  await lab.remove('BGPPeer', 'protected')
  await lab.until('it is gone', async () => !(await agent.peer(other.ipv4)))
  for (const word of ['first', 'second', 'wrong']) expect(agent.log()).not.toContain(word)
})

it('two BGPPeers that want different sessions with one address are named, and the first by name has it', async () => {
  await lab.put('BGPPeer', 'a-rack', { node: 'host1', peerIP: contradicted, asNumber: 64_701 })
  await lab.put('BGPPeer', 'b-rack', { node: 'host1', peerIP: contradicted, asNumber: 64_702 })
  const why = `both want a session with ${contradicted}, but not the same one; that of BGPPeer(a-rack) is there`
  const objects = ['BGPPeer(a-rack)', 'BGPPeer(b-rack)']
  await lab.until('the log names both', () => agent.log().includes(JSON.stringify({ objects, why }).slice(1, -1)))
  expect(ctl(agent, lab.at, 'bgp', 'problems')).toMatch(
    /contradictory-peers +BGPPeer\(a-rack\), BGPPeer\(b-rack\) +both want/,
  )
  expect(await agent.peer(contradicted)).toMatchObject({ asNumber: 64_701 })
  await lab.remove('BGPPeer', 'a-rack')
  await lab.until('the other has it', async () => (await agent.peer(contradicted))?.asNumber === 64_702)
  expect(ctl(agent, lab.at, 'bgp', 'problems')).toBe('No problems.\n')
  await lab.remove('BGPPeer', 'b-rack')
})

it('a switch that dies has its routes kept for as long as it asked for', async () => {
  const other = lab.machine('tor2', 110)
  const restart = session('restarts', other.ipv4, {
    networks: ['192.0.3.0/24'],
    more: 'graceful restart on; graceful restart time 4;',
  })
  const dying = await startTor(lab, other, [restart])
  await lab.put('BGPPeer', 'restarts', { node: 'host1', peerIP: other.ipv4, asNumber: rack, maxRestartTime: '4s' })
  const route = () => kernelRoute(host.net, '192.0.3.0/24')
  await lab.until('its route is there', route)
  const killed = performance.now()
  await dying.bird.kill()
  await lab.until('the session is gone', async () => (await agent.peer(other.ipv4))?.state === 'start')
  expect(route()).toBeDefined()
  expect((await agent.bgp.routes({ family: 4, prefix: '192.0.3.0/24' }, lab))[0]).toMatchObject({ stale: true })
  await lab.until('its route is gone', () => !route())
  expect(performance.now() - killed).toBeGreaterThan(3900)
  expect(performance.now() - killed).toBeLessThan(30_000)
  await lab.remove('BGPPeer', 'restarts')
})

it('a node that has IPv6 alone', async () => {
  const six = lab.machine('host6', 6, { ipv4: false })
  const other = lab.machine('tor3', 120)
  const id = [...createHash('sha256').update('host6').digest().subarray(0, 4)]
  const [first = 0, ...rest] = id
  const routerId = [first > 223 ? first - 32 : first, ...rest].join('.')
  await lab.put('IPPool', 'six', { cidr: 'fd00:65::/48', blockSize: 122 })
  await lab.put('BGPPeer', 'six', { node: 'host6', peerIP: other.ipv6, asNumber: rack })
  const switch6 = await startTor(lab, other, [
    session('six', other.ipv6, { neighbor: six.ipv6, networks: ['2001:db8:7::/48'] }),
  ])
  const agent6 = await lab.agent(six, { IP: 'none', CALICO_ROUTER_ID: 'hash' })
  await agent6.established(other.ipv6)
  expect((await agent6.bgp.status(lab)).families).toMatchObject([{ family: 6, routerId }])
  expect(await switch6.bird.birdc('show', 'protocols', 'all', 'six')).toContain(`Neighbor ID:      ${routerId}`)
  await putBlock(lab, 'host6', 'fd00:65::40/122')
  await lab.until('the switch has its block', async () => (await switch6.routes('six')).includes('fd00:65::40/122'))
  expect(await switch6.route('six', 'fd00:65::40/122')).toContain(`BGP.next_hop: ${six.ipv6}`)
  const learned = await lab.until('it has the route of the switch', () => kernelRoute(six.net, '2001:db8:7::/48'))
  expect(learned).toMatchObject({ gateway: other.ipv6, metric: 2_147_483_547 })
})
