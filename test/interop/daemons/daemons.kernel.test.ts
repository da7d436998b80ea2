import { afterEach, beforeEach, expect, it } from 'vitest'
import { startBird } from './bird.ts'
import { startExabgp } from './exabgp.ts'
import { startFrr } from './frr.ts'
import { startGobgp } from './gobgp.ts'
import { createPair, type Pair } from './pair.ts'
import { eventually } from './process.ts'

/** Each daemon peers with BIRD, so that the harness is tested by what the daemons themselves say. */
let pair: Pair
beforeEach(() => {
  pair = createPair('daemons')
  pair.link()
})
afterEach(() => pair[Symbol.dispose]())

const birdConfig = `
log stderr all;
router id 10.0.0.1;
protocol device { }
protocol bgp dut {
  local 10.0.0.1 as 64512;
  neighbor 10.0.0.2 as 64513;
  connect delay time 1; connect retry time 1; error wait time 1,2;
  ipv4 { import all; export none; };
}
`

async function learned(prefix: string): Promise<void> {
  const bird = await startBird(pair.here, birdConfig, pair.path('here'), pair.signal)
  await eventually(`${prefix} is learned`, async () => (await bird.birdc('show', 'route')).includes(prefix), pair.call)
  await bird.stop()
}

it('FRR', async () => {
  const bgpd = `
router bgp 64513
 bgp router-id 10.0.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.0.0.1 remote-as 64512
 neighbor 10.0.0.1 timers connect 1
 address-family ipv4 unicast
  network 192.0.3.0/24
`
  const frr = await startFrr(pair.there, { bgpd }, pair.path('there'), pair.signal)
  await learned('192.0.3.0/24')
  expect(await frr.show('bgp neighbors 10.0.0.1')).toMatchObject({ '10.0.0.1': { remoteAs: 64512 } })
  await frr.stop()
})

it('GoBGP', async () => {
  const config = `
[global.config]
  as = 64513
  router-id = "10.0.0.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.1"
    peer-as = 64512
`
  const { gobgp, stop: end } = await startGobgp(pair.there, config, pair.path('there'), pair.signal)
  await gobgp('global', 'rib', 'add', '-a', 'ipv4', '192.0.4.0/24', 'nexthop', '10.0.0.2')
  await learned('192.0.4.0/24')
  await end()
})

it('ExaBGP, its events and commands', async () => {
  const exabgp = await startExabgp(
    pair.there,
    (api) => `${api.process}
neighbor 10.0.0.1 {
  router-id 10.0.0.2; local-address 10.0.0.2; local-as 64513; peer-as 64512;
  family { ipv4 unicast; }
  ${api.neighbor}
}
`,
    pair.path('there'),
    pair.signal,
  )
  await exabgp.command('announce route 192.0.5.0/24 next-hop 10.0.0.2')
  await expect(exabgp.command('nonsense')).rejects.toThrow('nonsense')
  await learned('192.0.5.0/24')
  expect(exabgp.events.map(({ type }) => type)).toContain('open')
  await exabgp.stop()
})
