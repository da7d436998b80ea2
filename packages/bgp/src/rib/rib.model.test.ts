import type { Family } from '@tortie/ip'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WellKnownCommunity } from '../message/iana.ts'
import { nlriOf } from '../message/nlri.ts'
import { emptyUpdate } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import { anyEvent, byDefault, configOf, kinds, prefixes, type RibEvent, sessionOf } from '../testing/rib-events.ts'
import { type Candidate, localFamily, ModelPeer, RibModel } from '../testing/rib-model.ts'
import { RibReceiver } from '../testing/rib-receiver.ts'
import type { BestRoute, LocalRoute } from './contract.ts'
import { createRib } from './rib.ts'

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

  apply(e: RibEvent): void {
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
          else if (path.attributes.communities?.includes(WellKnownCommunity.NO_LLGR)) peer?.paths.delete(key)
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

  #update(
    index: number,
    peer: ModelPeer,
    { route, pathId: id, attributes }: Extract<RibEvent, { do: 'update' }>,
  ): void {
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
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 150, size: 'max' }), (events) => {
      const pair = new Pair()
      for (const one of events) pair.apply(one)
      pair.settle()
      pair.end()
    }),
    { numRuns: runs },
  )
}, 120_000)
