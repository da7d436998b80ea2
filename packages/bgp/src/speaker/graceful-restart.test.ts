import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLab, type Lab, localRoute, type Node, neighbor } from '../testing/lab.ts'
import type { PeerConfig } from './config.ts'

let lab: Lab
beforeEach(() => {
  lab = createLab()
})
afterEach(() => lab.end())

const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const graceful = (time = 30, notification = false): Partial<PeerConfig> => ({
  gracefulRestart: { enabled: true, time, notification },
})
const routes = ['10.2.0.0/24', '10.2.1.0/24']

/** `one` helps, `two` has the routes. */
async function pair(given: Partial<PeerConfig> = graceful()): Promise<{ one: Node; two: Node }> {
  const one = lab.node(a, [neighbor(b, given)])
  const two = lab.node(b, [neighbor(a, given)])
  two.speaker.announce(routes.map((prefix) => localRoute(prefix)))
  await lab.until('the routes are there', () => one.best().length === 2)
  return { one, two }
}
const lost = (node: Node) => (): boolean => node.peer(b).state !== 'Established'

describe('helper', () => {
  it('keeps the routes of a peer that crashed, marks them stale, and drops them when it does not come back', async () => {
    const { one, two } = await pair()
    two.kill()
    await lab.until('it is gone', lost(one))
    expect(one.best()).toEqual(routes)
    expect(one.peer(b)).toMatchObject({ restarting: true })
    expect([...one.speaker.best(4)].every(({ paths }) => paths[0]?.stale)).toBe(true)
    await lab.pass(25)
    expect(one.best()).toEqual(routes)
    await lab.until('the restart time is over', () => one.best().length === 0, 10)
    expect(one.peer(b).restarting).toBe(false)
  })

  it('drops what a peer that is back has not sent again by its End-of-RIB', async () => {
    const { one, two } = await pair()
    two.kill()
    await lab.until('it is gone', lost(one))
    const again = lab.node(b, [neighbor(a, graceful())], {}, { restarted: { forwarding: [4] } })
    again.speaker.announce([localRoute('10.2.0.0/24')])
    await lab.until('it is back', () => one.peer(b).state === 'Established')
    await lab.until('one is gone', () => one.best().length === 1)
    expect(one.best()).toEqual(['10.2.0.0/24'])
    expect([...one.speaker.best(4)][0]?.paths[0]?.stale).toBe(false)
    expect(one.events.filter(({ kind }) => kind === 'best').length).toBeLessThan(6)
  })

  it('drops at once what a peer that is back did not preserve', async () => {
    const { one, two } = await pair()
    two.kill()
    await lab.until('it is gone', lost(one))
    lab.node(b, [neighbor(a, graceful())])
    await lab.until('it is back', () => one.peer(b).state === 'Established')
    expect(one.best()).toEqual([])
  })

  it('drops everything after a NOTIFICATION, an expired hold timer, or without the capability', async () => {
    const { one, two } = await pair({ ...graceful(), holdTime: 9 })
    two.speaker.reset(a)
    await lab.until('reset', lost(one))
    expect(one.best()).toEqual([])
    await lab.until('back', () => one.best().length === 2)
    lab.network.cut(a, b, true)
    await lab.until('held too long', lost(one), 15)
    expect(one.best()).toEqual([])
  })

  it('with N bits keeps them then too (RFC 8538), but not after a Hard Reset', async () => {
    const { one, two } = await pair({ ...graceful(30, true), holdTime: 9 })
    two.speaker.reset(a)
    await lab.until('reset', lost(one))
    expect(one.best()).toEqual(routes)
    await lab.until('back', () => one.peer(b).state === 'Established')
    await lab.clock.drive(two.speaker.stop('shutdown', 'bye'))
    await lab.until('down', lost(one))
    expect(one.best()).toEqual([])
    expect(one.peer(b).lastError).toBe('received cease/hardReset: cease/administrativeShutdown: bye')
  })

  it('takes another connection of an established peer for its restart', async () => {
    const { one } = await pair({ ...graceful(), passive: false })
    await lab.pass(10)
    // The peer loses its state, and nothing of that is heard.
    lab.network.cut(a, b, true)
    const [connection] = lab.network.connections.filter(({ localAddress }) => localAddress === b)
    connection?.abort()
    await lab.pass(1)
    lab.network.cut(a, b, false)
    await lab.until('it is replaced', () => one.peer(b).flaps === 1)
    expect(one.best()).toEqual(routes)
    await lab.until('established', () => one.peer(b).state === 'Established')
    expect(one.best()).toEqual(routes)
  })

  it('keeps them on as long-lived stale (RFC 9494), least preferred, and then drops them', async () => {
    const long = { ...graceful(10), longLived: { staleTime: 100 } }
    const one = lab.node(a, [neighbor(b, long), neighbor(c, { ...long, longLived: { staleTime: 0 } })])
    const two = lab.node(b, [neighbor(a, long)])
    const three = lab.node(c, [neighbor(a, { localAs: 64513, ...long, longLived: { staleTime: 0 } })])
    three.end()
    two.speaker.announce(routes.map((prefix) => localRoute(prefix)))
    await lab.until('the routes are there', () => one.best().length === 2)
    two.kill()
    await lab.until('it is gone', lost(one))
    await lab.pass(20)
    expect(one.best()).toEqual(routes)
    const communities = [...one.speaker.paths(4)].map(({ attributes }) => attributes.communities)
    expect(communities).toEqual([[0xffff0006], [0xffff0006]])
    await lab.until('the long-lived time is over', () => one.best().length === 0, 100)
  })
})

describe('restarter', () => {
  it('says that it restarts, and sends nothing before its peers have told all', async () => {
    const { one, two } = await pair()
    one.kill()
    two.speaker.announce([localRoute('10.2.9.0/24')])
    const again = lab.node(a, [neighbor(b, graceful())], {}, { restarted: { forwarding: [4] } })
    again.speaker.announce([localRoute('10.1.0.0/24')])
    await lab.until('it has recovered', () => again.events.some(({ kind }) => kind === 'recovered'))
    const kinds = again.events.map(({ kind }) => kind)
    expect(kinds.lastIndexOf('recovered')).toBeGreaterThan(kinds.indexOf('best'))
    expect(again.best()).toEqual(['10.1.0.0/24', '10.2.0.0/24', '10.2.1.0/24', '10.2.9.0/24'])
    await lab.until('it sends', () => two.best().includes('10.1.0.0/24'))
    const session = two.peer(a).session
    expect(session?.gracefulRestart).toMatchObject({ restarting: true, families: [{ family: 4, forwarding: true }] })
  })

  it('has not recovered before it is known how the next hops are reached', async () => {
    const { one, two } = await pair()
    one.kill()
    const options = { restarted: { forwarding: [4] }, resolveByDefault: undefined } as never
    const again = lab.node(a, [neighbor(b, graceful())], { recoveryTime: 60 }, options)
    again.speaker.announce([localRoute('10.1.0.0/24')])
    const nextHops = (): readonly string[] =>
      again.events.flatMap((event) => (event.kind === 'next-hops' ? event.added : []))
    await lab.until('its routes are there', () => nextHops().length > 0)
    await lab.pass(10)
    expect(again.events.map(({ kind }) => kind)).not.toContain('recovered')
    expect(two.best()).toContain('10.2.0.0/24')
    for (const address of nextHops()) again.speaker.resolveNextHop(address, { metric: 0 })
    await lab.until('it has recovered', () => again.events.some(({ kind }) => kind === 'recovered'), 1)
    const order = again.events.flatMap((event) =>
      event.kind === 'best'
        ? event.routes.filter(({ paths }) => paths.length > 0).map(({ prefix }) => prefix)
        : event.kind,
    )
    expect(order.indexOf('recovered')).toBeGreaterThan(order.indexOf('10.2.0.0/24'))
    expect(order).toContain('10.2.0.0/24')
  })

  it('waits a little for a peer that restarts too, and two do not wait for each other for long', async () => {
    const restarted = { restarted: { forwarding: [4] } } as const
    const one = lab.node(a, [neighbor(b, graceful())], {}, restarted)
    const two = lab.node(b, [neighbor(a, graceful())], {}, restarted)
    two.speaker.announce([localRoute('10.2.0.0/24')])
    const recovered = (node: Node) => (): boolean => node.events.some(({ kind }) => kind === 'recovered')
    await lab.until('up', () => one.peer(b).state === 'Established' && two.peer(a).state === 'Established')
    await lab.pass(5)
    expect([recovered(one)(), recovered(two)()]).toEqual([false, false])
    await lab.until('both go on', () => recovered(one)() && recovered(two)(), 10)
    await lab.until('the routes are there', () => one.best().includes('10.2.0.0/24'), 2)
  })

  it('does not wait longer than the recovery time, nor for a peer that cannot be reached', async () => {
    const silent = lab.node(
      a,
      [neighbor(c, { passive: true })],
      { recoveryTime: 20 },
      { restarted: { forwarding: [4] } },
    )
    const alone = lab.node(b, [neighbor(c)], {}, { restarted: { forwarding: [4] } })
    const recovered = (node: Node) => (): boolean => node.events.some(({ kind }) => kind === 'recovered')
    await lab.until('the unreachable is given up', recovered(alone), 15)
    expect(recovered(silent)()).toBe(false)
    await lab.until('the time is over', recovered(silent), 20)
  })

  it('has nothing to recover without peers, or when it did not restart', async () => {
    const empty = lab.node(a, [], {}, { restarted: { forwarding: [] } })
    const fresh = lab.node(b, [])
    await lab.pass(1)
    expect(empty.events.map(({ kind }) => kind)).toEqual(['recovered'])
    expect(fresh.events).toEqual([])
  })
})
