import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acceptAll, type Filter, rejectAll } from '../filter/filter.ts'
import { createLab, type Lab, localRoute, type Node, neighbor } from '../testing/lab.ts'
import type { PeerConfig } from './config.ts'

let lab: Lab
let one: Node
let two: Node
const [a, b] = ['10.0.0.1', '10.0.0.2'] as const
const peer = (given: Partial<PeerConfig> = {}): PeerConfig => neighbor(b, { connectDelayTime: 0.2, ...given })

beforeEach(async () => {
  lab = createLab()
  one = lab.node(a, [peer()])
  two = lab.node(b, [neighbor(a, { connectDelayTime: 0.2 })])
  one.speaker.announce([localRoute('10.1.0.0/24')])
  two.speaker.announce([localRoute('10.2.0.0/24')])
  await lab.until('both know both', () => one.best().length === 2 && two.best().length === 2)
  await lab.pass(5)
})
afterEach(() => lab.end())

const configure = (peers: readonly PeerConfig[], more: object = {}): void => {
  one.speaker.configure({ ...one.config, ...more, peers })
}
const lastCease = (): number | undefined => {
  const event = two.events.findLast(({ kind }) => kind === 'notification')
  return event?.kind === 'notification' && event.notification.code === 6 ? event.notification.subcode : undefined
}

const prepend: Filter = {
  statements: [{ origin: 'test', match: {}, actions: [{ do: 'setLocalPref', value: 7 }], verdict: 'accept' }],
  otherwise: 'reject',
}

describe('keeps the session when only this changes', () => {
  it.each<[string, Partial<PeerConfig>]>([
    ['the keepalive time', { keepaliveTime: 2 }],
    ['passive', { passive: true }],
    ['next hop mode', { nextHop: 'self' }],
    ['allowed own AS', { allowLocalAs: 2 }],
    ['import filter', { importFilter: prepend }],
    ['export filter', { exportFilter: prepend }],
    ['connect and back-off times', { connectRetryTime: 9, idleHoldTime: { first: 1, longest: 2 } }],
    ['the password', { password: 'other' }],
    ['draining', { draining: true }],
    ['kind', { kind: 'global' }],
    ['nothing', {}],
  ])('%s', async (_, change) => {
    configure([peer(change)])
    await lab.pass(10)
    expect(one.peer(b)).toMatchObject({ state: 'Established', flaps: 0 })
    expect(two.peer(a).flaps).toBe(0)
  })
})

describe('resets the session with Cease 6/6 when this changes', () => {
  it.each<[string, Partial<PeerConfig>]>([
    ['hold time', { holdTime: 90 }],
    ['graceful restart', { gracefulRestart: { enabled: true, time: 60, notification: false } }],
    ['add-path', { addPath: { send: true, receive: true } }],
    ['route reflection', { reflect: { clusterId: '1.1.1.1' } }],
    ['source address', { localAddress: a }],
    ['GTSM', { ttlSecurity: 2 }],
    ['extended messages', { extendedMessage: false }],
  ])('%s', async (_, change) => {
    configure([peer(change)])
    await lab.until('reset', () => two.peer(a).flaps === 1, 5)
    expect(lastCease()).toBe(6)
    await lab.until('both are back', () => one.best().length === 2 && two.best().length === 2, 10)
  })

  it('the router id', async () => {
    configure([peer()], { routerId: '10.9.9.9' })
    await lab.until('reset', () => two.peer(a).flaps === 1, 5)
    await lab.until('back', () => two.peer(a).session?.remoteId === '10.9.9.9', 10)
  })

  it('our AS, and the peer knows the new one', async () => {
    two.speaker.configure({ ...two.config, peers: [neighbor(a, { remoteAs: 64999, exportFilter: acceptAll })] })
    configure([peer({ localAs: 64999 })])
    await lab.until('back', () => one.peer(b).session?.peer === 'external' && one.best().length === 2, 30)
  })
})

it('keeps the session when a cluster id changes', async () => {
  configure([peer({ reflect: { clusterId: '1.1.1.1' } })])
  await lab.until('reset', () => one.peer(b).flaps === 1, 5)
  await lab.until('back', () => one.peer(b).state === 'Established', 10)
  configure([peer({ reflect: { clusterId: '2.2.2.2' } })])
  await lab.pass(5)
  expect(one.peer(b)).toMatchObject({ state: 'Established', flaps: 1 })
})

it('takes filters into effect both ways', async () => {
  configure([peer({ importFilter: prepend, exportFilter: rejectAll })])
  await lab.until('nothing is sent', () => two.best().length === 1)
  expect([...one.speaker.best(4)].map(({ paths }) => paths[0]?.localPref)).toContain(7)
  configure([peer()])
  await lab.until('it is sent again', () => two.best().length === 2)
})

it('ends a peer that is gone with 6/3, and begins one that is new', async () => {
  configure([])
  await lab.until('gone', () => two.peer(a).state !== 'Established')
  expect(lastCease()).toBe(3)
  expect(one.best()).toEqual(['10.1.0.0/24'])
  expect(one.speaker.peers()).toEqual([])
  configure([peer()])
  await lab.until('back', () => one.best().length === 2, 60)
})

it('takes a peer down with the words of its operator, and up again', async () => {
  configure([peer({ shutdown: 'moving the rack' })])
  await lab.until('down', () => two.peer(a).state !== 'Established')
  expect(two.peer(a).lastError).toBe('received cease/administrativeShutdown: moving the rack')
  await lab.pass(60)
  expect(one.peer(b).state).toBe('Idle')
  configure([peer()])
  await lab.until('back', () => one.best().length === 2, 60)
})

it('resets a peer when asked to, with words', async () => {
  one.speaker.reset(b, 'try again')
  await lab.until('reset', () => two.peer(a).flaps === 1)
  expect(two.peer(a).lastError).toBe('received cease/administrativeReset: try again')
  await lab.until('back', () => one.best().length === 2 && two.best().length === 2)
})

it('moves to another port: new connections come there, the session stays', async () => {
  configure([peer()], { listen: [{ family: 4, port: 1790 }] })
  await lab.pass(1)
  expect(one.peer(b)).toMatchObject({ state: 'Established', flaps: 0 })
  lab.node('10.0.0.3', [neighbor(a, { port: 1790 })])
  configure([peer(), neighbor('10.0.0.3', { passive: true })], { listen: [{ family: 4, port: 1790 }] })
  await lab.until('the new one is up', () => one.peer('10.0.0.3').state === 'Established', 30)
})

it('refuses what contradicts itself, and changes nothing', async () => {
  expect(() => configure([peer(), peer()])).toThrow('peers[1].key')
  expect(() => configure([peer(), peer({ key: 'other' })])).toThrow('both')
  expect(() => configure([peer({ password: 'x'.repeat(81) })])).toThrow('80')
  expect(() => configure([peer({ holdTime: 2 })])).toThrow('holdTime')
  expect(() => configure([peer()], { routerId: '' })).toThrow('routerId')
  expect(() => configure([peer()], { maxPaths: 3 })).toThrow('maxPaths')
  await lab.pass(5)
  expect(one.peer(b)).toMatchObject({ state: 'Established', flaps: 0 })
})

it('drains: everything is sent again as GRACEFUL_SHUTDOWN before it says so', async () => {
  const draining = one.speaker.drain({ signal: new AbortController().signal })
  await lab.until('the peer has heard', () => {
    const [path] = [...two.speaker.paths(4, '10.1.0.0/24')]
    return path?.attributes.communities?.[0] === 0xffff0000 && path.attributes.localPref === 0
  })
  await lab.clock.drive(draining)
  one.speaker.undrain()
  await lab.until('the peer has heard that it is over', () => {
    const [path] = [...two.speaker.paths(4, '10.1.0.0/24')]
    return path !== undefined && !path.attributes.communities?.length && path.attributes.localPref !== 0
  })
  expect(one.peer(b).flaps).toBe(0)
})

it('is refreshed both ways without a loss', async () => {
  const before = one.peer(b).messages.received
  one.speaker.refresh(b, 'in')
  one.speaker.refresh(b, 'out')
  await lab.until('the routes came again', () => one.peer(b).messages.received > before + 2)
  expect([one.best().length, two.best().length, one.peer(b).flaps]).toEqual([2, 2, 0])
})
