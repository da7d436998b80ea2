/** BFD with FRR's bfdd. */
import { afterEach, expect, it } from 'vitest'
import { type BfdLab, createBfdLab, detectionTimeMs, timers } from './bfd-lab.ts'
import { type Frr, startFrr } from './daemons/frr.ts'
import { eventually } from './daemons/process.ts'

let lab: BfdLab | undefined
afterEach(() => lab?.[Symbol.dispose]())

function newLab(routed = false): BfdLab {
  lab = createBfdLab({ routed })
  return lab
}

const config = (peer: string): string => `
bfd
 peer ${peer}
  detect-multiplier 5
  receive-interval 300
  transmit-interval 300
`
const ours = { local: '10.0.0.1', remote: '10.0.0.2', ...timers }
const oneHop = '10.0.0.1 interface eth0'

/** FRR's own view of its only session. */
async function peerOf(frr: Frr): Promise<Record<string, unknown>> {
  return ((await frr.show('bfd peers')) as Record<string, unknown>[])[0] ?? {}
}
const change = (frr: Frr, peer: string, ...lines: string[]): Promise<string> =>
  frr.vtysh('configure terminal', 'bfd', `peer ${peer}`, ...lines)

it.each([
  { path: 'single-hop IPv4', routed: false, peer: oneHop, local: '10.0.0.1', remote: '10.0.0.2' },
  {
    path: 'single-hop IPv6',
    routed: false,
    peer: 'fd00::1 local-address fd00::2 interface eth0',
    local: 'fd00::1',
    remote: 'fd00::2',
  },
  {
    path: 'multi-hop IPv4',
    routed: true,
    peer: '10.0.1.1 multihop local-address 10.0.2.2',
    local: '10.0.1.1',
    remote: '10.0.2.2',
  },
  {
    path: 'multi-hop IPv6',
    routed: true,
    peer: 'fd01::1 multihop local-address fd02::2',
    local: 'fd01::1',
    remote: 'fd02::2',
  },
])('$path comes up on both sides', async ({ routed, peer, local, remote }) => {
  const { there, open, dir, signal, call } = newLab(routed)
  const frr = await startFrr(there, { bfdd: config(peer) }, dir, signal)
  const { until, session, changes } = open({ ...ours, local, remote, multihop: routed })
  await until('Up')
  await eventually('FRR says up', async () => (await peerOf(frr)).status === 'up', call)
  await eventually('the timers are negotiated', () => session.status.detectionTimeMs === detectionTimeMs, call)
  const wanted = { 'remote-transmit-interval': 300, 'remote-receive-interval': 300, 'remote-detect-multiplier': 5 }
  expect(await peerOf(frr)).toMatchObject(wanted)
  expect(changes.filter(({ state }) => state === 'Up')).toHaveLength(1)
})

it('a cut link takes both sides down within the detection time, and they come back', async () => {
  const { there, open, dir, signal, call } = newLab()
  const frr = await startFrr(there, { bfdd: config(oneHop) }, dir, signal)
  const { until, session, changes } = open(ours)
  await until('Up')
  await eventually('the timers are negotiated', () => session.status.detectionTimeMs === detectionTimeMs, call)
  const cutMs = performance.now()
  there.ip('link set eth0 down')
  await until('Down')
  const down = changes.at(-1)
  expect(down).toMatchObject({ state: 'Down', diag: 1 })
  expect((down?.atMs ?? 0) - cutMs).toBeGreaterThan(detectionTimeMs - 400)
  expect((down?.atMs ?? 0) - cutMs).toBeLessThan(detectionTimeMs + 2000)
  await eventually('FRR says down', async () => (await peerOf(frr)).status === 'down', call)
  there.ip('link set eth0 up')
  await until('Up')
  await eventually('FRR says up', async () => (await peerOf(frr)).status === 'up', call)
})

it('AdminDown of either side holds the other down', async () => {
  const { there, open, dir, signal, call } = newLab()
  const frr = await startFrr(there, { bfdd: config(oneHop) }, dir, signal)
  const { until, session } = open(ours)
  await until('Up')
  session.disable()
  await eventually('FRR says down', async () => (await peerOf(frr)).status === 'down', call)
  expect(await peerOf(frr)).toMatchObject({ diagnostic: 'neighbor signaled session down' })
  session.enable()
  await until('Up')
  await eventually('FRR says up', async () => (await peerOf(frr)).status === 'up', call)
  await change(frr, oneHop, 'shutdown')
  expect(await until('Down')).toMatchObject({ diag: 3, remoteState: 'AdminDown' })
  await change(frr, oneHop, 'no shutdown')
  await until('Up')
})

it('timers change on either side without losing the session', async () => {
  const { there, open, dir, signal, call } = newLab()
  const frr = await startFrr(there, { bfdd: config(oneHop) }, dir, signal)
  const { until, session, changes } = open(ours)
  await until('Up')
  session.update({ minTxMs: 400, minRxMs: 500, detectMult: 4 })
  const wanted = { 'remote-transmit-interval': 400, 'remote-receive-interval': 500, 'remote-detect-multiplier': 4 }
  await eventually(
    'FRR follows',
    async () =>
      Object.entries(await peerOf(frr)).filter(([key, value]) => wanted[key as keyof typeof wanted] === value)
        .length === 3,
    call,
  )
  await eventually('we follow', () => session.status.transmitIntervalMs === 400, call)
  await change(frr, oneHop, 'transmit-interval 900', 'receive-interval 800')
  await eventually('we follow', () => session.status.detectionTimeMs === 4500, call)
  expect(session.status.transmitIntervalMs).toBe(800)
  expect(changes.filter(({ state }) => state === 'Down')).toEqual([])
  expect(await peerOf(frr)).toMatchObject({ status: 'up' })
})
