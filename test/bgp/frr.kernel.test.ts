/** An agent and FRR as the rack's router: password and GTSM, both families, restarts of either side. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Frr, startFrr } from '../interop/daemons/frr.ts'
import { deletedDuring, kernelRoute } from './kernel.ts'
import { type Agent, type BgpLab, blockOf, cluster, createBgpLab, type Machine, open, type Pod } from './lab.ts'

const rack = 64_700
/** Beyond the router. */
const outside = { ipv4: '192.0.2.1', ipv6: '2001:db8:2::1' }
let lab: BgpLab
let host: Machine
let router: Machine
let agent: Agent
let frr: Frr
let pod: Pod

const bgpd = (): string => `
router bgp ${rack}
 bgp router-id ${router.ipv4}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 bgp graceful-restart
 bgp graceful-restart restart-time 5
 bgp graceful-restart preserve-fw-state
 neighbor ${host.ipv4} remote-as ${cluster}
 neighbor ${host.ipv4} timers connect 1
 neighbor ${host.ipv4} graceful-restart
 neighbor ${host.ipv4} password of-the-rack
 neighbor ${host.ipv4} ttl-security hops 1
 neighbor ${host.ipv6} remote-as ${cluster}
 neighbor ${host.ipv6} timers connect 1
 neighbor ${host.ipv6} graceful-restart
 address-family ipv4 unicast
  network 192.0.2.0/24
  neighbor ${host.ipv4} activate
  neighbor ${host.ipv4} default-originate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:2::/64
  neighbor ${host.ipv6} activate
 exit-address-family
exit
`

beforeAll(async () => {
  lab = await createBgpLab('frr')
  host = lab.machine('host1', 1)
  router = lab.machine('router', 100)
  router.net.ip(`addr add ${outside.ipv4}/32 dev lo`, `addr add ${outside.ipv6}/128 dev lo nodad`)
  await open(lab)
  await lab.put('IPPool', 'pods4', { cidr: '10.65.0.0/16', blockSize: 26 })
  await lab.put('IPPool', 'pods6', { cidr: 'fd00:65::/48', blockSize: 122 })
  await lab.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
  const password = { secretKeyRef: { name: 'rack', key: 'router' } }
  await lab.put('BGPPeer', 'v4', { peerIP: router.ipv4, asNumber: rack, password, ttlSecurity: 1 })
  await lab.put('BGPPeer', 'v6', { peerIP: router.ipv6, asNumber: rack })
  frr = await startFrr(router.net, { bgpd: bgpd() }, join(lab.at.dir, 'frr'), lab.signal)
  agent = lab.agentOf(host)
  agent.secret('rack', 'router', 'of-the-rack\n')
  await agent.start()
  pod = await lab.pod(host, 'pod')
  await agent.established(router.ipv4, router.ipv6)
}, 120_000)

afterAll(() => lab[Symbol.asyncDispose]())

interface Table {
  readonly routes: Readonly<
    Record<string, readonly { readonly valid?: boolean; readonly path: string; readonly stale?: boolean }[]>
  >
}
const pathTo = async (prefix: string) => {
  const table = (await frr.show(`bgp ipv${prefix.includes(':') ? 6 : 4} unicast`)) as Table
  return table.routes[prefix]?.[0]
}

it('blocks go there, routes come from there, and pods reach what is beyond', async () => {
  for (const prefix of [blockOf(pod.ipv4), blockOf(pod.ipv6)]) {
    const path = await lab.until(`FRR has ${prefix}`, () => pathTo(prefix))
    expect(path).toMatchObject({ valid: true, path: String(cluster) })
  }
  for (const [prefix, gateway] of [
    ['192.0.2.0/24', router.ipv4],
    ['default', router.ipv4],
    ['2001:db8:2::/64', router.ipv6],
  ] as const) {
    const learned = await lab.until(`the host has ${prefix}`, () => kernelRoute(host.net, prefix))
    expect(learned).toMatchObject({ gateway, dev: 'eth0', metric: 2_147_483_547 })
  }
  for (const to of [outside.ipv4, outside.ipv6]) {
    const attempt = () => pod.prober.attempt({ protocol: 'icmp', to, port: 0, timeoutMs: 2000 })
    await lab.until(`${to} is reached`, attempt)
  }
})

it.each(['SIGKILL', 'SIGTERM'] as const)('an agent that ends by %s is back before FRR misses it', async (signal) => {
  const block = blockOf(pod.ipv4)
  const deleted = await deletedDuring(lab, [host.net, router.net], async () => {
    await agent.end(signal)
    await lab.until('FRR keeps its route as stale', async () => (await pathTo(block))?.stale)
    await agent.start()
    await agent.established(router.ipv4, router.ipv6)
    await lab.until('it is fresh again', async () => {
      const path = await pathTo(block)
      return path !== undefined && path.stale !== true
    })
  })
  expect(deleted.filter((line) => line.includes(block) || line.includes('192.0.2.0/24'))).toEqual([])
})

it('when FRR dies its routes stay for the time that it asked for', async () => {
  const has = (prefix: string): boolean => kernelRoute(host.net, prefix) !== undefined
  await lab.until('its routes are there', () => has('192.0.2.0/24') && has('2001:db8:2::/64'))
  const killed = performance.now()
  await frr.daemons.bgpd?.kill()
  await lab.until('the session is gone', async () => (await agent.peer(router.ipv4))?.state === 'start')
  expect([has('192.0.2.0/24'), has('2001:db8:2::/64')]).toEqual([true, true])
  await lab.until('they go', () => !has('192.0.2.0/24') && !has('2001:db8:2::/64'))
  expect(performance.now() - killed).toBeGreaterThan(4500)
})
