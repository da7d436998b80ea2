/** BFD with BIRD 2. */
import { afterEach, expect, it } from 'vitest'
import { type BfdLab, createBfdLab, detectionTimeMs, timers } from './bfd-lab.ts'
import { type Bird, startBird } from './daemons/bird.ts'
import { eventually } from './daemons/process.ts'

let lab: BfdLab | undefined
afterEach(() => lab?.[Symbol.dispose]())

function newLab(routed = false): BfdLab {
  lab = createBfdLab({ routed })
  return lab
}

const config = (neighbor: string, interval = '300 ms'): string => `
log stderr all;
router id 10.0.0.2;
protocol device { }
protocol bfd bfd1 {
  interface "eth0" { interval ${interval}; multiplier 5; idle tx interval 1 s; };
  multihop { interval ${interval}; multiplier 5; idle tx interval 1 s; };
  neighbor ${neighbor};
}
`
const ours = { local: '10.0.0.1', remote: '10.0.0.2', ...timers }
const oneHop = '10.0.0.1 dev "eth0"'

/** BIRD's own word for the state of its only session, with interval and timeout in seconds. */
async function stateOf(bird: Bird): Promise<string> {
  return /^(?:10|fd)\S+\s+\S+\s+(\S+)\s/m.exec(await bird.birdc('show', 'bfd', 'sessions'))?.[1] ?? 'none'
}
async function timersOf(bird: Bird): Promise<{ interval: number; timeout: number }> {
  const found = /\s([\d.]+)\s+([\d.]+)\s*$/m.exec(await bird.birdc('show', 'bfd', 'sessions'))
  return { interval: Number(found?.[1]), timeout: Number(found?.[2]) }
}

it.each([
  { path: 'single-hop IPv4', routed: false, neighbor: oneHop, local: '10.0.0.1', remote: '10.0.0.2' },
  { path: 'single-hop IPv6', routed: false, neighbor: 'fd00::1 dev "eth0"', local: 'fd00::1', remote: 'fd00::2' },
  {
    path: 'multi-hop IPv4',
    routed: true,
    neighbor: '10.0.1.1 local 10.0.2.2 multihop',
    local: '10.0.1.1',
    remote: '10.0.2.2',
  },
  {
    path: 'multi-hop IPv6',
    routed: true,
    neighbor: 'fd01::1 local fd02::2 multihop',
    local: 'fd01::1',
    remote: 'fd02::2',
  },
])('$path comes up on both sides', async ({ routed, neighbor, local, remote }) => {
  const { there, open, dir, signal, call } = newLab(routed)
  const bird = await startBird(there, config(neighbor), dir, signal)
  const { until, session, changes } = open({ ...ours, local, remote, multihop: routed })
  await until('Up')
  await eventually('BIRD says Up', async () => (await stateOf(bird)) === 'Up', call)
  await eventually('the timers are negotiated', () => session.status.detectionTimeMs === detectionTimeMs, call)
  expect(await timersOf(bird)).toEqual({ interval: 0.3, timeout: 1.5 })
  expect(changes.filter(({ state }) => state === 'Up')).toHaveLength(1)
})

it('a cut link takes both sides down within the detection time, and they come back', async () => {
  const { there, open, dir, signal, call } = newLab()
  const bird = await startBird(there, config(oneHop), dir, signal)
  const { until, session, changes } = open(ours)
  await until('Up')
  await eventually('the timers are negotiated', () => session.status.detectionTimeMs === detectionTimeMs, call)
  const cutMs = performance.now()
  there.ip('link set eth0 down')
  await until('Down')
  const down = changes.at(-1)
  expect(down).toMatchObject({ state: 'Down', diag: 1 })
  // The last packet came at most 300 ms before the cut; a busy machine may be late.
  expect((down?.atMs ?? 0) - cutMs).toBeGreaterThan(detectionTimeMs - 400)
  expect((down?.atMs ?? 0) - cutMs).toBeLessThan(detectionTimeMs + 2000)
  there.ip('link set eth0 up')
  await until('Up')
  await eventually('BIRD says Up', async () => (await stateOf(bird)) === 'Up', call)
})

it('a BIRD that is killed, and started again, is missed and recognised', async () => {
  const { there, open, dir, signal } = newLab()
  const bird = await startBird(there, config(oneHop), dir, signal)
  const { until, changes } = open(ours)
  await until('Up')
  await bird.kill()
  await until('Down')
  expect(changes.at(-1)?.diag).toBe(1)
  await startBird(there, config(oneHop), dir, signal)
  await until('Up')
})

it('AdminDown holds BIRD down, and it comes up again', async () => {
  const { there, open, dir, signal, call } = newLab()
  const bird = await startBird(there, config(oneHop), dir, signal)
  const { until, session } = open(ours)
  await until('Up')
  session.disable()
  await eventually('BIRD says Down', async () => (await stateOf(bird)) === 'Down', call)
  expect(session.status.state).toBe('AdminDown')
  session.enable()
  await until('Up')
  await eventually('BIRD says Up', async () => (await stateOf(bird)) === 'Up', call)
  await bird.birdc('disable', 'bfd1')
  await until('Down')
  await bird.birdc('enable', 'bfd1')
  await until('Up')
})

it('timers change on either side without losing the session', async () => {
  const { there, open, dir, signal, call } = newLab()
  const bird = await startBird(there, config(oneHop), dir, signal)
  const { until, session, changes } = open(ours)
  await until('Up')
  session.update({ minTxMs: 500, minRxMs: 500 })
  await eventually('BIRD follows', async () => (await timersOf(bird)).timeout === 2.5, call)
  await eventually('we follow', () => session.status.transmitIntervalMs === 500, call)
  await bird.configure(config(oneHop, '700 ms'))
  await eventually('we follow', () => session.status.detectionTimeMs === 3500, call)
  session.update(timers)
  await bird.configure(config(oneHop, '300 ms'))
  await eventually('we follow', () => session.status.detectionTimeMs === detectionTimeMs, call)
  expect(changes.filter(({ state }) => state === 'Down')).toEqual([])
})
