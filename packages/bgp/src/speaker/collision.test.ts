import { seededRandom } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { createLab, localRoute, type Node, neighbor } from '../testing/lab.ts'

const [a, b] = ['10.0.0.1', '10.0.0.2'] as const

const sessions = (node: Node): number =>
  node.events.filter((event) => event.kind === 'peer' && event.status.state === 'Established').length

it.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'two that dial each other come to one session and keep it (seed %i)',
  async (seed) => {
    const lab = createLab(seed)
    const random = seededRandom(seed)
    const [there, back] = [1 + random.next() * 200, 1 + random.next() * 200]
    lab.network.latency((from) => (from === a ? there : back))
    // The same instant, or nearly: both dial before they hear of each other.
    const one = lab.node(a, [neighbor(b, { connectDelayTime: 0.2 })])
    await lab.pass(random.next() * 0.1)
    const two = lab.node(b, [neighbor(a, { connectDelayTime: 0.2 })])
    one.speaker.announce([localRoute('10.1.0.0/24')])
    two.speaker.announce([localRoute('10.2.0.0/24')])
    await lab.until('both know both', () => one.best().length === 2 && two.best().length === 2)
    await lab.pass(20)
    expect([one.peer(b).state, two.peer(a).state]).toEqual(['Established', 'Established'])
    const established = [sessions(one), sessions(two)]
    expect(lab.network.connections).toHaveLength(2) // the two ends of one
    await lab.pass(600)
    expect([sessions(one), sessions(two)]).toEqual(established)
    expect([one.peer(b).flaps, two.peer(a).flaps].every((flaps) => flaps <= 1)).toBe(true)
    await lab.end()
  },
)

it('who has the higher identifier keeps the connection that it dialled; the other is told Cease 6/7', async () => {
  const lab = createLab()
  lab.network.latency(50)
  const one = lab.node(a, [neighbor(b, { connectDelayTime: 0.001 })])
  const two = lab.node(b, [neighbor(a, { connectDelayTime: 0.001 })])
  await lab.until('established', () => one.peer(b).state === 'Established' && two.peer(a).state === 'Established')
  await lab.pass(5)
  expect(lab.network.connections.map(({ localPort, localAddress }) => [localAddress, localPort === 179])).toEqual(
    expect.arrayContaining([[a, true]]),
  )
  const told = [...one.events, ...two.events].filter(
    (event) => event.kind === 'notification' && event.notification.code === 6 && event.notification.subcode === 7,
  )
  expect(told.length).toBeGreaterThan(0)
  await lab.end()
})
