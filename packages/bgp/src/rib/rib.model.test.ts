import type { Family } from '@tortie/ip'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acceptAll, type Filter, rejectAll } from '../filter/filter.ts'
import { WellKnownCommunity } from '../message/iana.ts'
import { nlriOf } from '../message/nlri.ts'
import { defaultWireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { emptyUpdate } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import type { Session } from '../session/negotiate.ts'
import { type Candidate, localFamily, ModelPeer, RibModel } from '../testing/rib-model.ts'
import { RibReceiver } from '../testing/rib-receiver.ts'
import type { BestRoute, LocalRoute, NextHopResolution, RibPeer } from './contract.ts'
import { createRib } from './rib.ts'

const localAs = 64512
const prefixes: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '0.0.0.0/0'],
  6: ['fd00::/8', 'fd00:1::/64', 'fd00:1::1/128'],
}
const nextHops: Readonly<Record<Family, readonly string[]>> = {
  4: ['192.0.2.1', '192.0.2.2', '192.0.2.9', '0.0.0.0'],
  6: ['2001:db8::1', '2001:db8::2', 'fe80::7'],
}
const byDefault: NextHopResolution = { metric: 5, interface: 'eth0' }

const filters: readonly Filter[] = [
  acceptAll,
  rejectAll,
  {
    statements: [
      { origin: 'long', match: { prefixes: [{ prefix: '10.1.0.0/16', min: 24, max: 32 }] }, verdict: 'reject' },
      { origin: 'mark', match: {}, actions: [{ do: 'addCommunity', community: 7 }], verdict: 'next' },
      { origin: 'eth1', match: { interfaces: ['eth1'] }, verdict: 'reject' },
    ],
    otherwise: 'accept',
  },
  {
    statements: [
      { origin: 'lift', match: { family: 6 }, actions: [{ do: 'setPreference', value: 200 }], verdict: 'accept' },
      { origin: 'pref', match: {}, actions: [{ do: 'setLocalPref', value: 300 }], verdict: 'accept' },
    ],
    otherwise: 'reject',
  },
]

interface PeerKind {
  readonly remoteAs: number
  readonly id: string
  readonly client?: true
  readonly addPath?: true
  readonly role?: number
}
const kinds: readonly PeerKind[] = [
  { remoteAs: localAs, id: '10.9.0.1', client: true },
  { remoteAs: 64513, id: '10.9.0.2' },
  { remoteAs: localAs, id: '10.9.0.3' },
  { remoteAs: 64514, id: '10.9.0.4', addPath: true },
  { remoteAs: localAs, id: '10.9.0.5', client: true, addPath: true },
  { remoteAs: 64513, id: '10.9.0.6', role: 3 },
  { remoteAs: 64513, id: '10.9.0.7' },
  { remoteAs: 64514, id: '10.9.0.8', addPath: true },
]

function configOf(i: number, changes: Partial<RibPeer> = {}): RibPeer {
  const { remoteAs, id, client = false, role } = kinds[i] as PeerKind
  return {
    key: `peer-${i}`,
    address: id,
    localAs,
    remoteAs,
    localId: '10.9.0.99',
    localAddress: { 4: '10.9.0.99', 6: '2001:db8::99' },
    client,
    nextHop: 'auto',
    allowLocalAs: 0,
    enforceFirstAs: false,
    gracefulShutdown: true,
    importFilter: acceptAll,
    exportFilter: acceptAll,
    ...(role !== undefined && { role }),
    ...changes,
  }
}

function sessionOf(i: number): Session {
  const { remoteAs, id, addPath = false } = kinds[i] as PeerKind
  const peer = remoteAs === localAs ? 'internal' : 'external'
  const wire = { ...defaultWireOptions, peer, addPath: { 4: addPath, 6: addPath } } as const
  return {
    remoteAs,
    remoteId: id,
    peer,
    holdTime: 90,
    keepaliveTime: 30,
    families: [4, 6],
    send: wire,
    receive: wire,
    routeRefresh: true,
    enhancedRouteRefresh: i % 2 === 0,
    ...(i === 2 && { longLived: [] }),
  }
}

const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const { NO_EXPORT, NO_ADVERTISE, LLGR_STALE, NO_LLGR, GRACEFUL_SHUTDOWN } = WellKnownCommunity

const anyPath = fc.array(some(64513, 64514, 64515, localAs), { maxLength: 3 })
const attributesFor = (internal: boolean): fc.Arbitrary<PathAttributes> =>
  fc
    .record(
      {
        origin: some<0 | 1 | 2>(0, 1),
        asns: fc.oneof(
          { weight: 4, arbitrary: some<number[]>([64513], [64514], [64513, 64515]) },
          { weight: 1, arbitrary: anyPath },
        ),
        med: some(0, 5, 10),
        communities: fc.oneof(
          some([65], [66, 65]),
          fc.subarray([NO_EXPORT, NO_ADVERTISE, LLGR_STALE, NO_LLGR, GRACEFUL_SHUTDOWN], {
            minLength: 1,
            maxLength: 1,
          }),
        ),
        ...(internal && {
          localPref: some(100, 200),
          originatorId: some('10.9.0.99', '1.1.1.1', '2.2.2.2'),
          clusterList: some(['10.9.0.99'], ['3.3.3.3'], ['3.3.3.3', '4.4.4.4']),
        }),
        otc: some(64513, 64999),
      },
      { requiredKeys: ['origin', 'asns'] },
    )
    .map(({ asns, ...rest }) => ({ ...rest, asPath: asns.length === 0 ? [] : [{ type: 2 as const, asns }] }))

const peerIndex = fc.nat(kinds.length - 1)
const family = some<Family>(4, 6)
const ofFamily = family.chain((f) =>
  fc.record({
    family: fc.constant(f),
    prefixes: fc.subarray([...prefixes[f]], { minLength: 1 }),
    nextHop: some(...nextHops[f]),
  }),
)
const pathId = fc.nat(2)

const update = peerIndex.chain((i) =>
  fc.record({
    do: fc.constant('update' as const),
    i: fc.constant(i),
    route: ofFamily,
    pathId,
    attributes: attributesFor(kinds[i]?.remoteAs === localAs),
  }),
)
const event = fc.oneof(
  { weight: 12, arbitrary: update },
  { weight: 4, arbitrary: fc.record({ do: some('withdraw' as const), i: peerIndex, route: ofFamily, pathId }) },
  { weight: 2, arbitrary: fc.record({ do: some('open' as const), i: peerIndex }) },
  { weight: 2, arbitrary: fc.record({ do: some('close' as const), i: peerIndex, keep: fc.subarray<Family>([4, 6]) }) },
  { weight: 1, arbitrary: fc.record({ do: some('remove' as const), i: peerIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: some('markStale' as const, 'dropStale' as const, 'longLived' as const),
      i: peerIndex,
      family,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: some('refresh' as const), i: peerIndex, family }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('change' as const),
      i: peerIndex,
      changes: fc.record(
        {
          importFilter: some(...filters),
          exportFilter: some(...filters),
          nextHop: some<'auto' | 'self' | 'keep'>('auto', 'self', 'keep'),
          client: fc.boolean(),
          allowLocalAs: some(0, 1),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('resolve' as const),
      address: some(...nextHops[4], ...nextHops[6]),
      resolution: some<NextHopResolution | undefined>(
        undefined,
        { metric: 0, interface: 'eth0' },
        { metric: 10, interface: 'eth1' },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('local' as const),
      route: ofFamily,
      id: some('a', 'b', 'c'),
      source: some<LocalRoute['source']>('static', 'kernel', 'direct'),
      preference: some(10, 100, 200),
      interface: some(undefined, 'eth1', 'cali1'),
      gateway: fc.boolean(),
      attributes: some<PathAttributes>({}, { localPref: 500 }, { med: 3, communities: [9, 8] }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: some('withdrawLocal' as const), route: ofFamily, id: some('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ do: some('hold' as const), hold: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: some('work' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 6, arbitrary: fc.record({ do: some('output' as const), i: peerIndex, bytes: some(1, 60, 500) }) },
  { weight: 1, arbitrary: fc.record({ do: some('takeBest' as const), limit: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: some('settle' as const) }) },
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

/** The tables and the model, driven together. */
class Pair {
  readonly rib = createRib({ maxPaths: 3, resolveByDefault: byDefault, seed: 5 })
  readonly model = new RibModel(3, byDefault)
  readonly index = new Map<number, number>()
  readonly receivers = new Map<number, RibReceiver>()
  readonly best = new Map<string, BestRoute>()
  readonly writer = new ByteWriter()

  constructor() {
    for (let i = 0; i < kinds.length; i++) this.#add(i)
    for (let i = 0; i < kinds.length; i++) this.#open(i)
  }

  #add(i: number): void {
    const config = configOf(i)
    this.index.set(i, this.rib.addPeer(config))
    this.model.peers.set(i, new ModelPeer(config))
  }

  #peer(i: number): ModelPeer {
    return this.model.peers.get(i) as ModelPeer
  }

  #open(i: number): void {
    const peer = this.#peer(i)
    const session = sessionOf(i)
    this.rib.open(this.index.get(i) as number, session)
    peer.session = session
    peer.external = session.peer === 'external'
    peer.remoteId = session.remoteId
    this.receivers.set(i, new RibReceiver(session))
  }

  #close(i: number, keep: readonly Family[]): void {
    const peer = this.#peer(i)
    this.rib.close(this.index.get(i) as number, keep)
    for (const [key, path] of [...peer.paths]) {
      const again = peer.restarting.has(path.family) && peer.session !== undefined && path.stale
      if (!keep.includes(path.family) || again) peer.paths.delete(key)
      else peer.paths.set(key, { ...path, stale: true })
    }
    for (const f of [4, 6] as const)
      if (keep.includes(f)) peer.restarting.add(f)
      else peer.restarting.delete(f)
    peer.session = undefined
    this.receivers.delete(i)
  }

  apply(e: Event): void {
    const { rib, model } = this
    const index = 'i' in e ? (this.index.get(e.i) as number) : 0
    const peer = 'i' in e ? this.#peer(e.i) : undefined
    switch (e.do) {
      case 'update':
        if (peer?.session) this.#update(index, peer, e)
        return
      case 'withdraw': {
        const addPath = peer?.session?.receive.addPath[e.route.family] ?? false
        const id = addPath ? e.pathId : 0
        if (!peer?.session) return
        rib.withdraw(
          index,
          nlriOf(e.route.family, e.route.prefixes, addPath ? e.route.prefixes.map(() => id) : undefined),
        )
        for (const prefix of e.route.prefixes) peer.paths.delete(`${prefix} ${id}`)
        return
      }
      case 'open':
        if (!peer?.session) this.#open(e.i)
        return
      case 'close':
        if (peer?.session) this.#close(e.i, e.keep)
        return
      case 'remove':
        rib.removePeer(index)
        this.receivers.delete(e.i)
        model.peers.delete(e.i)
        this.#add(e.i)
        return
      case 'markStale':
        rib.markStale(index, e.family)
        for (const [key, path] of peer?.ofFamily(e.family) ?? []) peer?.paths.set(key, { ...path, stale: true })
        return
      case 'dropStale':
        rib.dropStale(index, e.family)
        for (const [key, { stale }] of peer?.ofFamily(e.family) ?? []) if (stale) peer?.paths.delete(key)
        peer?.restarting.delete(e.family)
        return
      case 'longLived':
        rib.markLongLivedStale(index, e.family)
        for (const [key, path] of peer?.ofFamily(e.family) ?? [])
          if (!path.stale) continue
          else if (path.attributes.communities?.includes(NO_LLGR)) peer?.paths.delete(key)
          else peer?.paths.set(key, { ...path, longLived: true })
        return
      case 'refresh':
        if (peer?.session) rib.refresh(index, e.family)
        return
      case 'change':
        if (!peer) return
        peer.config = { ...peer.config, ...e.changes }
        rib.changePeer(index, peer.config)
        return
      case 'resolve':
        rib.resolveNextHop(e.address, e.resolution)
        model.resolutions.set(e.address, e.resolution)
        return
      case 'local':
        for (const prefix of e.route.prefixes) {
          const { id, source, preference, attributes } = e
          const route: LocalRoute = {
            prefix,
            id,
            source,
            preference,
            attributes,
            ...(e.interface !== undefined && { interface: e.interface }),
            ...(e.gateway && { gateway: e.route.nextHop }),
          }
          rib.announce(route)
          model.locals.set(`${prefix} ${id}`, { ...route, family: localFamily(prefix) })
        }
        return
      case 'withdrawLocal':
        for (const prefix of e.route.prefixes) {
          rib.withdrawLocal(prefix, e.id)
          model.locals.delete(`${prefix} ${e.id}`)
        }
        return
      case 'hold':
        rib.holdOutput(e.hold)
        return
      case 'work':
        rib.work(e.limit)
        return
      case 'output':
        if (peer?.session) this.#output(e.i, e.bytes)
        return
      case 'takeBest':
        this.#takeBest(e.limit)
        return
      case 'settle':
        this.settle()
    }
  }

  #update(index: number, peer: ModelPeer, { route, pathId: id, attributes }: Extract<Event, { do: 'update' }>): void {
    const { nextHop } = route
    const addPath = peer.session?.receive.addPath[route.family] ?? false
    const nlri = nlriOf(route.family, route.prefixes, addPath ? route.prefixes.map(() => id) : undefined)
    const own = route.family === 4 ? { ...attributes, nextHop } : attributes
    this.rib.receive(
      index,
      route.family === 4
        ? { ...emptyUpdate, nlri, attributes: own }
        : { ...emptyUpdate, attributes: own, mpReach: { nextHop, nlri } },
    )
    for (const prefix of route.prefixes) {
      const at = addPath ? id : 0
      const path = {
        family: route.family,
        prefix,
        pathId: at,
        attributes: own,
        nextHop,
        stale: false,
        longLived: false,
      }
      peer.paths.set(`${prefix} ${at}`, path)
    }
  }

  #output(i: number, bytes: number): boolean {
    const more = this.rib.output(this.index.get(i) as number, this.writer.reset(), bytes)
    this.receivers.get(i)?.take(this.writer.bytes)
    return more
  }

  #takeBest(limit: number): number {
    const taken = this.rib.takeBest(limit)
    for (const route of taken) this.best.set(route.prefix, route)
    return taken.length
  }

  /** Drains everything, and compares. */
  settle(): void {
    const { rib, model } = this
    rib.holdOutput(false)
    while (rib.work(3));
    while (this.#takeBest(3) > 0);
    for (const i of this.receivers.keys()) while (this.#output(i, 100));
    expect(rib.takeReady()).toEqual([])
    for (const f of [4, 6] as const) {
      for (const prefix of prefixes[f]) {
        const expected = model.best(f, prefix).map(summary)
        expect({ prefix, paths: (this.best.get(prefix)?.paths ?? []).map(seen) }).toEqual({ prefix, paths: expected })
      }
      for (const route of rib.best(f)) expect(route.paths.map(seen)).toEqual(model.best(f, route.prefix).map(summary))
      for (const [i, receiver] of this.receivers) {
        const peer = this.#peer(i)
        expect(receiver.table(f)).toEqual(model.sent(peer, f))
        expect(receiver.complete.has(f)).toBe(true)
      }
    }
    this.#compareCounts()
  }

  #compareCounts(): void {
    const paths = [...this.model.peers.values()].reduce((sum, peer) => sum + peer.paths.size, this.model.locals.size)
    const counts = this.rib.counts()
    expect(counts.paths[4] + counts.paths[6]).toBe(paths)
    expect(counts.prefixes[4]).toBe(this.model.prefixes(4).length)
    for (const [i, receiver] of this.receivers) {
      const { received, sent } = this.rib.peerCounts(this.index.get(i) as number)
      expect([received, sent]).toEqual([this.#peer(i).paths.size, receiver.size])
    }
  }

  /** With everything withdrawn nothing is left behind. */
  end(): void {
    for (let i = 0; i < kinds.length; i++) this.apply({ do: 'remove', i })
    for (const key of [...this.model.locals.keys()]) {
      const [prefix = '', id = ''] = key.split(' ')
      this.rib.withdrawLocal(prefix, id)
      this.model.locals.delete(key)
    }
    this.settle()
    expect(this.rib.counts()).toEqual({ prefixes: { 4: 0, 6: 0 }, paths: { 4: 0, 6: 0 }, attributeSets: 0 })
    expect([...this.rib.nextHops()]).toEqual([])
  }
}

function summary({ peer, source, preference, attributes, nextHop, localId }: Candidate): unknown {
  const { localPref = 100 } = attributes
  return [peer?.config.key ?? localId, source.kind, preference, localPref, nextHop]
}

function seen({ peer, source, preference, localPref, nextHop, localRouteId }: BestRoute['paths'][number]): unknown {
  return [peer ?? localRouteId, source, preference, localPref, nextHop]
}

const runs = 150

it('equals the model after any sequence of events, in best routes and in what every peer has', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 150, size: 'max' }), (events) => {
      const pair = new Pair()
      for (const one of events) pair.apply(one)
      pair.settle()
      pair.end()
    }),
    { numRuns: runs },
  )
}, 120_000)
