import { containsAddress, type Family, formatAddress, parseAddress, parsePrefix } from '@tortie/ip'
import { type Call, silentLog } from '@tortie/runtime'
import { BgpError } from '../errors.ts'
import { CeaseSubcode, ErrorCode } from '../message/iana.ts'
import { createAttributeInterner } from '../message/intern.ts'
import { notification, shutdown } from '../message/notification.ts'
import type { LocalRoute, NextHopResolution, PeerIndex, Rib } from '../rib/contract.ts'
import { createRib } from '../rib/rib.ts'
import { checkConfig, unscoped } from './check-config.ts'
import type { DynamicPeers, PeerConfig, SpeakerConfig } from './config.ts'
import { dumpSpeaker } from './dump.ts'
import { EventStream } from './event-stream.ts'
import { Listeners } from './listeners.ts'
import { Peer } from './peer.ts'
import type { PeerPorts } from './peer-ports.ts'
import type { Connection, SpeakerPorts } from './ports.ts'
import { Pump } from './pump.ts'
import { Recovery } from './recovery.ts'
import type { PeerStatus, Speaker, SpeakerEvent, SpeakerOptions } from './speaker.ts'
import { Timers } from './timers.ts'

/** Best routes in one event, at most. */
const bestAtOnce = 5000
/** Seconds in which changes of next hops gather. */
const nextHopsGather = 0.02

/**
 * A speaker; nothing happens before `run`.
 * @throws BgpError `bgp/bad-value`, naming the field, for a configuration that contradicts itself
 */
export function createSpeaker(config: SpeakerConfig, ports: SpeakerPorts, options: SpeakerOptions = {}): Speaker {
  const { resolveByDefault } = options
  const seed = Math.floor(ports.random.next() * 2 ** 31)
  const rib = createRib({ maxPaths: config.maxPaths ?? 1, seed, ...(resolveByDefault && { resolveByDefault }) })
  return new BgpSpeaker(config, ports, rib, options)
}

class BgpSpeaker implements Speaker {
  private config: SpeakerConfig
  private readonly ports: SpeakerPorts
  private readonly rib: Rib
  private readonly timers: Timers
  private readonly pump: Pump
  private readonly stream = new EventStream()
  private readonly listeners: Listeners
  private readonly recovery: Recovery
  private readonly interner = createAttributeInterner()
  private readonly peersByKey = new Map<string, Peer>()
  private readonly peersByIndex = new Map<PeerIndex, Peer>()
  private readonly known = new Set<string>()
  private readonly nextHopsTimer
  private state: 'new' | 'running' | 'stopped' = 'new'
  private draining = false
  private recovered: 'no' | 'soon' | 'told' = 'no'
  private readonly whenFlushed = new Set<() => void>()

  constructor(config: SpeakerConfig, ports: SpeakerPorts, rib: Rib, options: SpeakerOptions) {
    checkConfig(config)
    this.config = config
    this.ports = ports
    this.rib = rib
    this.timers = new Timers(ports.clock, () => this.pump.reschedule())
    this.pump = new Pump({
      clock: ports.clock,
      timers: this.timers,
      rib,
      yieldTurn: ports.yieldTurn,
      connectionOf: (index) => this.peersByIndex.get(index)?.routes.connection,
      takeBest: () => this.takeBest(),
      quiet: () => this.quiet(),
    })
    this.recovery = new Recovery(
      options.restarted?.forwarding,
      this.timers,
      () => this.peersByKey.values(),
      () => this.rib.awaitsNextHops(),
      () => this.recoveryOver(),
    )
    this.listeners = new Listeners(
      ports.network,
      this.timers,
      (connection) => this.pump.soon(() => this.accept(connection)),
      (why) => this.emit({ kind: 'problem', why }),
    )
    this.nextHopsTimer = this.timers.create(() => this.tellNextHops())
    rib.holdOutput(this.recovery.active)
  }

  async run(call: Call): Promise<never> {
    if (this.state !== 'new') throw new BgpError('bgp/bad-use', { why: 'this speaker ran already' })
    this.state = 'running'
    this.apply(this.config)
    this.recovery.start(this.config.recoveryTime ?? 240)
    try {
      return await this.pump.run(call)
    } finally {
      this.state = 'stopped'
      this.listeners.close()
      for (const peer of this.peersByKey.values()) peer.vanish()
      this.pump.finish()
    }
  }

  configure(config: SpeakerConfig): void {
    checkConfig(config)
    const before = this.config
    if ((config.maxPaths ?? 1) !== (before.maxPaths ?? 1))
      throw new BgpError('bgp/bad-value', { field: 'maxPaths', why: 'it cannot change' })
    this.config = config
    if (this.state === 'running') this.apply(config, before)
  }

  announce(routes: readonly LocalRoute[]): void {
    for (const route of routes) this.rib.announce(route)
    this.touched()
  }

  withdraw(routes: readonly { readonly prefix: string; readonly id: string }[]): void {
    for (const { prefix, id } of routes) this.rib.withdrawLocal(prefix, id)
    this.touched()
  }

  resolveNextHop(address: string, resolution: NextHopResolution | undefined): void {
    this.rib.resolveNextHop(address, resolution)
    this.recovery.check()
    this.touched()
  }

  refresh(key: string, direction: 'in' | 'out'): void {
    if (this.peer(key).routes.refresh(direction)) return
    this.emit({ kind: 'problem', peer: key, why: 'it cannot be refreshed: no session, or it knows no route refresh' })
  }

  reset(key: string, text?: string): void {
    this.peer(key).reset(shutdown('administrativeReset', text))
    this.pump.wake()
  }

  async drain({ signal }: Call): Promise<void> {
    signal.throwIfAborted()
    this.setDraining(true)
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.whenFlushed.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.whenFlushed.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
    signal.throwIfAborted()
  }

  undrain(): void {
    this.setDraining(false)
  }

  private setDraining(draining: boolean): void {
    this.draining = draining
    for (const peer of this.peersByKey.values()) peer.routes.reconfigure(peer.config)
    this.pump.decide()
  }

  async stop(how: 'restart' | 'shutdown', text?: string): Promise<void> {
    this.state = 'stopped'
    this.listeners.close()
    const peers = [...this.peersByKey.values()]
    for (const peer of peers) {
      if (how === 'restart') peer.vanish()
      else peer.stop(text)
    }
    await Promise.all(peers.map((peer) => peer.closed()))
  }

  events(call: Call): AsyncIterable<SpeakerEvent> {
    return this.stream.read(call)
  }

  peers(): readonly PeerStatus[] {
    return this.sortedPeers().map((peer) => peer.status())
  }

  counts(): ReturnType<Rib['counts']> {
    return this.rib.counts()
  }

  best(family: Family): ReturnType<Rib['best']> {
    return this.rib.best(family)
  }

  paths(family: Family, prefix?: string): ReturnType<Rib['paths']> {
    return this.rib.paths(family, prefix)
  }

  explainExport(key: string, prefix: string): ReturnType<Rib['explainExport']> {
    const { index } = this.peer(key).routes
    const because = 'there was no session with it yet'
    return index === undefined ? [{ peer: key, prefix, sent: false, because }] : this.rib.explainExport(index, prefix)
  }

  dump(call: Call): AsyncIterable<Uint8Array> {
    const { clock, yieldTurn } = this.ports
    const { rib, config } = this
    const own = { rib, peers: this.peers(), routerId: config.routerId, nowMs: clock.wallMs(), yieldTurn }
    return dumpSpeaker(own, call)
  }

  private peer(key: string): Peer {
    const peer = this.peersByKey.get(key)
    if (!peer) throw new BgpError('bgp/bad-value', { field: 'peer', why: `there is no peer ${key}` })
    return peer
  }

  private sortedPeers(): Peer[] {
    return [...this.peersByKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  private apply(config: SpeakerConfig, before?: SpeakerConfig): void {
    const wanted = new Map(config.peers.map((peer) => [peer.key, peer]))
    const newId = before !== undefined && before.routerId !== config.routerId
    for (const [key, peer] of this.peersByKey) {
      const next = peer.dynamic ? this.dynamicConfig(peer.config.address, peer.config.key) : wanted.get(key)
      if (next && next.address === peer.config.address) peer.reconfigure(next, newId)
      else this.remove(peer)
    }
    this.listeners.configure(config)
    for (const peerConfig of config.peers) if (!this.peersByKey.has(peerConfig.key)) this.add(peerConfig).start()
    this.recovery.check()
    this.pump.wake()
  }

  private add(config: PeerConfig, dynamic = false): Peer {
    const { ports } = this
    const peer = new Peer(
      config,
      this.peerPorts(() => peer),
      dynamic,
    )
    this.peersByKey.set(config.key, peer)
    ports.log?.debug('bgp.peer.added', { peer: config.key, address: config.address })
    return peer
  }

  private peerPorts(self: () => Peer): PeerPorts {
    const { clock, random, network, yieldTurn, bfd } = this.ports
    return {
      clock,
      random,
      network,
      yieldTurn,
      ...(bfd && { bfd }),
      timers: this.timers,
      interner: this.interner,
      rib: this.rib,
      recovery: this.recovery,
      speaker: () => this.config,
      draining: () => this.draining,
      readable: (connection) => this.pump.read(connection),
      soon: (task) => this.pump.soon(task),
      writable: () => this.pump.wake(),
      indexed: (index, present) => this.indexed(index, present ? self() : undefined),
      touched: () => this.touched(),
      emit: (event) => this.emit(event),
      over: (peer) => {
        if (this.peersByKey.get(peer.key) === peer) this.remove(peer)
      },
    }
  }

  private remove(peer: Peer): void {
    this.peersByKey.delete(peer.key)
    peer.reset(notification(ErrorCode.cease, CeaseSubcode.peerDeconfigured), true)
    this.emit({ kind: 'peer', status: peer.status(), because: 'removed' })
    this.recovery.check()
  }

  private indexed(index: PeerIndex, peer: Peer | undefined): void {
    if (peer) this.peersByIndex.set(index, peer)
    else {
      this.peersByIndex.delete(index)
      this.pump.forget(index)
    }
  }

  private accept(connection: Connection): void {
    const peer = this.peerFor(connection)
    if (peer) peer.accept(connection)
    else connection.abort()
  }

  /** By source address, and our own where it is configured; then those made on demand. */
  private peerFor({ remoteAddress, localAddress }: Connection): Peer | undefined {
    const [remote, local] = [canonical(remoteAddress), canonical(localAddress)]
    const [, zone] = remoteAddress.split('%')
    let first: Peer | undefined
    for (const peer of this.peersByKey.values()) {
      const { address, localAddress: expected, interface: device } = peer.config
      const fits = isThe(address, remote) && (expected === undefined || isThe(expected, local))
      if (fits && (!zone || !device || zone === device) && (!first || peer.key < first.key)) first = peer
    }
    if (first) return first
    const dynamic = this.dynamicConfig(remote)
    if (!dynamic) return undefined
    const peer = this.add(dynamic, true)
    peer.start()
    return peer
  }

  /** The configuration of a neighbour made on demand; undefined when none may be. @param key of one that is there */
  private dynamicConfig(address: string, key?: string): PeerConfig | undefined {
    const range = this.config.dynamic?.find(({ prefix }) => covers(prefix, address))
    if (!range || (key === undefined && this.dynamicPeers(range) >= range.limit)) return undefined
    return { ...range.peer, address, key: key ?? `Dynamic_${address.replaceAll(/[.:]/g, '_')}`, passive: true }
  }

  private dynamicPeers({ prefix }: DynamicPeers): number {
    let count = 0
    for (const peer of this.peersByKey.values()) if (peer.dynamic && covers(prefix, peer.config.address)) count++
    return count
  }

  private emit(event: SpeakerEvent): void {
    const { log = silentLog } = this.ports
    if (event.kind === 'peer') {
      const { key, state, lastError } = event.status
      log.info('bgp.peer.state', { peer: key, state, because: event.because, ...(lastError && { error: lastError }) })
    } else if (event.kind === 'problem') log.warn('bgp.problem', { peer: event.peer, why: event.why })
    this.stream.emit(event)
  }

  private touched(): void {
    if (!this.nextHopsTimer.armed) this.nextHopsTimer.arm(nextHopsGather)
    this.pump.decide()
  }

  /** PERF: half the time of a million routes goes into describing them; without a listener nobody does. */
  private takeBest(): boolean {
    if (!this.stream.hasReaders) return this.rib.skipBest(bestAtOnce)
    const routes = this.rib.takeBest(bestAtOnce)
    if (routes.length > 0) this.stream.emit({ kind: 'best', routes })
    return routes.length === bestAtOnce
  }

  private tellNextHops(): void {
    const now = new Set(this.rib.nextHops())
    const added = [...now].filter((address) => !this.known.has(address))
    const removed = [...this.known].filter((address) => !now.has(address))
    for (const address of added) this.known.add(address)
    for (const address of removed) this.known.delete(address)
    if (added.length + removed.length > 0) this.emit({ kind: 'next-hops', added, removed })
  }

  private recoveryOver(): void {
    this.recovered = 'soon'
    this.rib.holdOutput(false)
    this.touched()
  }

  private quiet(): void {
    if (this.recovered === 'soon') {
      this.recovered = 'told'
      this.emit({ kind: 'recovered' })
    }
    if (this.whenFlushed.size === 0 || !this.pump.flushed) return
    for (const peer of this.peersByKey.values()) if ((peer.routes.connection?.unsent ?? 0) > 0) return
    for (const done of this.whenFlushed) done()
  }
}

const canonical = (address: string): string => formatAddress(parseAddress(unscoped(address)))

/** @param other canonical. An IPv4 address has one text only, and of those there may be a thousand to compare with. */
function isThe(address: string, other: string): boolean {
  return address === other || (address.includes(':') && canonical(address) === other)
}

function covers(prefix: string, address: string): boolean {
  const range = parsePrefix(prefix)
  const parsed = parseAddress(unscoped(address))
  return parsed.family === range.family && containsAddress(range, parsed)
}
