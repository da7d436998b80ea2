import { createDatastore, createMemoryState, type Datastore, DatastoreError } from '@tortie/datastore'
import type { ResourceOf } from '@tortie/model'
import { systemRandom } from '@tortie/runtime/system'
import { recordingLog, type VirtualClock, virtualClock } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BgpRoute } from './control.ts'
import { collect, type NodeStatusPorts, reportNodeStatus } from './node-status.ts'
import type { BgpFamilyStatus, BgpPeerStatus, BgpStatus } from './status.ts'

type Report = ResourceOf<'CalicoNodeStatus'>

const peer: BgpPeerStatus = {
  name: 'Mesh_10_0_0_2',
  asNumber: 64_512,
  flaps: 0,
  routes: { received: 1, accepted: 1, sent: 1 },
  type: 'NodeMesh',
  peerIP: '10.0.0.2',
  state: 'up',
  bgpState: 'Established',
  since: '2026-01-02T03:04:05Z',
}
const family: BgpFamilyStatus = {
  family: 4,
  routerId: '10.0.0.1',
  state: 'Ready',
  bootTime: '2026-01-02T03:00:00Z',
  peers: [peer],
}
const route: BgpRoute = {
  family: 4,
  prefix: '10.65.0.0/26',
  status: 'best',
  source: 'NodeMesh',
  peer: peer.name,
  peerIP: peer.peerIP,
  nextHop: peer.peerIP,
  gateway: peer.peerIP,
  interface: 'eth0',
  localPref: 100,
  asPath: '',
  communities: [],
  stale: false,
}

/** What BGP says, and how often it was asked. */
class Bgp {
  status: BgpStatus = { families: [family], loopLagMs: 0 }
  routes: BgpRoute[] = [route]
  failing: Error | undefined
  asked = 0
  readonly control: NonNullable<NodeStatusPorts['bgp']> = {
    status: async () => {
      this.asked++
      if (this.failing) throw this.failing
      return this.status
    },
    routes: async ({ family: wanted }) => this.routes.filter((one) => one.family === wanted),
  }
}

const every = ['Agent', 'BGP', 'Routes']
const call = { signal: new AbortController().signal }

describe('what is reported', () => {
  const of = (bgp: Bgp, classes: readonly string[] = every) => collect(classes, bgp.control, 'v1', call)

  it('is of the classes that are asked for, each of both families', async () => {
    expect(await of(new Bgp())).toEqual({
      agent: {
        birdV4: {
          state: 'Ready',
          version: 'v1',
          routerID: '10.0.0.1',
          lastBootTime: '2026-01-02T03:00:00Z',
          lastReconfigurationTime: '2026-01-02T03:00:00Z',
        },
        birdV6: { state: 'NotReady', version: 'v1' },
      },
      bgp: {
        numberEstablishedV4: 1,
        numberNotEstablishedV4: 0,
        peersV4: [{ peerIP: '10.0.0.2', type: 'NodeMesh', state: 'Established', since: peer.since }],
        numberEstablishedV6: 0,
        numberNotEstablishedV6: 0,
        peersV6: [],
      },
      routes: {
        routesV4: [
          {
            type: 'FIB',
            destination: '10.65.0.0/26',
            gateway: '10.0.0.2',
            interface: 'eth0',
            learnedFrom: { sourceType: 'NodeMesh', peerIP: '10.0.0.2' },
          },
        ],
        routesV6: [],
      },
    })
    expect(Object.keys(await of(new Bgp(), ['BGP']))).toEqual(['bgp'])
    expect(await of(new Bgp(), [])).toEqual({})
  })

  it.each([
    ['10.0.0.2:1790', '10.0.0.2'],
    ['[fd00::2]:1790', 'fd00::2'],
    ['fd00::2', 'fd00::2'],
  ])('names the peer %s by its address alone', async (peerIP, address) => {
    const bgp = new Bgp()
    bgp.status = { ...bgp.status, families: [{ ...family, peers: [{ ...peer, peerIP }] }] }
    expect((await of(bgp)).bgp?.peersV4?.[0]?.peerIP).toBe(address)
  })

  it('has a word for a peer of a workload, counts who is not there, and tells of no route that is not used', async () => {
    const bgp = new Bgp()
    const workload: BgpPeerStatus = { ...peer, type: 'LocalWorkload', state: 'start', bgpState: 'Active' }
    bgp.status = { ...bgp.status, families: [{ ...family, state: 'NotReady', peers: [peer, workload] }] }
    const block: BgpRoute = {
      family: 4,
      prefix: '10.65.1.0/26',
      status: 'best',
      source: 'Static',
      localPref: 100,
      asPath: '',
      communities: [],
      stale: false,
    }
    bgp.routes = [{ ...route, status: 'lost' }, { ...route, status: 'rejected' }, { ...route, status: 'looped' }, block]
    const { agent, bgp: sessions, routes } = await of(bgp)
    expect(agent?.birdV4?.state).toBe('NotReady')
    expect(sessions).toMatchObject({ numberEstablishedV4: 1, numberNotEstablishedV4: 1 })
    expect(sessions?.peersV4?.map(({ type }) => type)).toEqual(['NodeMesh', 'NodePeer'])
    expect(routes?.routesV4).toMatchObject([
      { type: 'RIB', destination: '10.65.0.0/26' },
      {
        type: 'FIB',
        destination: '10.65.1.0/26',
        gateway: 'N/A',
        interface: 'blackhole',
        learnedFrom: { sourceType: 'Static' },
      },
    ])
  })

  it('says that nothing runs where there is no BGP', async () => {
    expect(await collect(every, undefined, 'v1', call)).toMatchObject({
      agent: { birdV4: { state: 'NotReady' }, birdV6: { state: 'NotReady' } },
      bgp: { numberEstablishedV4: 0, peersV4: [] },
      routes: { routesV4: [], routesV6: [] },
    })
  })
})

describe('the resource', () => {
  let stop: AbortController
  let clock: VirtualClock
  let datastore: Datastore
  let bgp: Bgp
  let log: ReturnType<typeof recordingLog>
  let ended: Promise<unknown>

  beforeEach(() => {
    stop = new AbortController()
    clock = virtualClock()
    bgp = new Bgp()
    log = recordingLog()
    datastore = createDatastore(createMemoryState().open(), { clock, random: systemRandom, log })
    const ports: NodeStatusPorts = { datastore, bgp: bgp.control, clock, random: systemRandom, log }
    ended = reportNodeStatus('a', ports, { version: 'v1' }, stop).catch((error: unknown) => error)
  })
  afterEach(async () => {
    stop.abort(new Error('the test is over'))
    await ended
  })

  const wish = (name: string, spec: Partial<Report['spec']> = {}): Promise<Report> =>
    datastore.create(
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'CalicoNodeStatus',
        metadata: { name },
        spec: { node: 'a', classes: ['BGP'], updatePeriodSeconds: 10, ...spec },
      } as Report,
      stop,
    )
  const stored = (name: string): Promise<Report> => datastore.get({ kind: 'CalicoNodeStatus', name }, stop)
  async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    for (let tries = 0; !(await holds()); tries++) {
      if (tries === 1000) throw new Error(`it does not come about: ${what}`)
      await clock.advance(10)
    }
  }
  const filled = (name: string): Promise<void> =>
    until(`${name} is filled`, async () => (await stored(name)).status?.bgp !== undefined)

  it('is filled at once, and written again only when something changed', async () => {
    await wish('one')
    await filled('one')
    const first = await stored('one')
    expect(first.status?.lastUpdated).toMatch(/^2023-11-14T22:13:\d\dZ$/)
    const asked = bgp.asked
    await clock.advance(60_000)
    expect(bgp.asked).toBeGreaterThan(asked + 3)
    expect((await stored('one')).metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    bgp.status = { ...bgp.status, families: [{ ...family, peers: [] }] }
    await until('it follows', async () => (await stored('one')).status?.bgp?.numberEstablishedV4 === 0)
    expect((await stored('one')).status?.lastUpdated).not.toBe(first.status?.lastUpdated)
  })

  it('is filled once when its period is 0, and anew when its wish changes', async () => {
    await wish('one', { updatePeriodSeconds: 0 })
    await filled('one')
    const { asked } = bgp
    await clock.advance(600_000)
    expect(bgp.asked).toBe(asked)
    const now = await stored('one')
    await datastore.update({ ...now, spec: { ...now.spec, classes: ['Agent'] } }, stop)
    await until('the other class', async () => (await stored('one')).status?.agent !== undefined)
    expect((await stored('one')).status?.bgp).toBeUndefined()
  })

  it('of another node is left alone, and one that is deleted is let go', async () => {
    await wish('other', { node: 'b' })
    await wish('one')
    await filled('one')
    expect((await stored('other')).status).toBeUndefined()
    await datastore.delete({ kind: 'CalicoNodeStatus', name: 'one' }, {}, stop)
    await clock.advance(20_000)
    const { asked } = bgp
    await clock.advance(60_000)
    expect(bgp.asked).toBe(asked)
    await expect(stored('one')).rejects.toBeInstanceOf(DatastoreError)
  })

  it('is written whole or not at all: when BGP does not answer it is told after three attempts', async () => {
    bgp.failing = new Error('no answer')
    await wish('one', { classes: ['Agent', 'BGP'] })
    await until('it is told', () => log.lines.some(({ event }) => event === 'node.status.failed'))
    expect(bgp.asked).toBe(3)
    expect((await stored('one')).status).toBeUndefined()
    bgp.failing = undefined
    await filled('one')
  })

  it('ends with the reason of an abort', async () => {
    stop.abort(new Error('enough'))
    expect(await ended).toMatchObject({ message: 'enough' })
  })
})
