import { type Family, isAddress, parseAddress } from '@tortie/ip'
import { Afi, CeaseSubcode, ErrorCode, RefreshSubtype, Safi } from '../message/iana.ts'
import type { RouteRefreshMessage } from '../message/message.ts'
import { type NotificationMessage, notification } from '../message/notification.ts'
import { type DecodedUpdate, endOfRibFamily } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import type { PeerIndex, Rib, RibPeer } from '../rib/contract.ts'
import type { Session } from '../session/negotiate.ts'
import type { BgpConnection } from './bgp-connection.ts'
import { unscoped } from './check-config.ts'
import type { PeerConfig } from './config.ts'
import { drained } from './drain.ts'
import { textOf } from './lapse.ts'
import type { PathMonitor } from './ports.ts'
import { StaleRoutes } from './stale-routes.ts'
import type { Timers } from './timers.ts'

export interface PeerSessionPorts {
  readonly rib: Rib
  readonly timers: Timers
  readonly bfd?: PathMonitor
  readonly routerId: () => string
  readonly draining: () => boolean
  /** The peer got or lost its place in the tables. */
  readonly indexed: (index: PeerIndex, present: boolean) => void
  /** The tables have work. */
  readonly touched: () => void
  readonly changed: () => void
  readonly problem: (why: string) => void
  readonly soon: (task: () => void) => void
  /** The session has to end. */
  readonly stop: (because: NotificationMessage) => void
}

/** A peer's routes: what an established session does with the tables, and what stays of it while it is down. */
export class PeerSession {
  connection: BgpConnection | undefined
  session: Session | undefined
  index: PeerIndex | undefined
  private config: PeerConfig
  private readonly ports: PeerSessionPorts
  private readonly stale: StaleRoutes
  private readonly ended = new Set<Family>()
  private monitor: Disposable | undefined
  private establishedTimes = 0

  constructor(config: PeerConfig, ports: PeerSessionPorts) {
    this.config = config
    this.ports = ports
    this.stale = new StaleRoutes(ports.rib, ports.timers, () => {
      ports.touched()
      ports.changed()
    })
  }

  get restarting(): boolean {
    return this.stale.waiting && this.session === undefined
  }

  /** A session has been up since this speaker began: what the peer sent has been in the kernel all the time. */
  get known(): boolean {
    return this.establishedTimes > 0
  }

  /** Nothing is there and nothing is waited for. */
  get over(): boolean {
    return this.session === undefined && !this.stale.waiting
  }

  /** The peer has told all its routes, or will not say when (RFC 4724 §4.1). */
  get settled(): boolean {
    const { session } = this
    if (!session) return false
    if (!session.gracefulRestart || session.gracefulRestart.restarting) return true
    return session.families.every((family) => this.ended.has(family))
  }

  /** The peer restarts too, and has not told all its routes. */
  get alsoRestarts(): boolean {
    const { session } = this
    return session?.gracefulRestart?.restarting === true && !session.families.every((family) => this.ended.has(family))
  }

  establish(connection: BgpConnection, session: Session): void {
    this.connection = connection
    this.session = session
    this.ended.clear()
    const { rib } = this.ports
    const peer = this.ribPeer(connection, session)
    if (this.index === undefined) {
      this.index = rib.addPeer(peer)
      this.ports.indexed(this.index, true)
    } else rib.changePeer(this.index, peer)
    this.stale.returned(session)
    rib.open(this.index, session)
    this.establishedTimes++
    this.watchPath(connection)
    this.ports.touched()
  }

  release(session: Session, graceful: boolean): void {
    this.connection = undefined
    this.session = undefined
    this.unwatchPath()
    if (this.index !== undefined) this.stale.lost(this.index, session, graceful)
    this.ports.touched()
  }

  /** Out of the tables, with everything that it sent. */
  remove(): void {
    this.unwatchPath()
    this.stale.cancel()
    this.connection = undefined
    this.session = undefined
    if (this.index === undefined) return
    this.ports.rib.removePeer(this.index)
    this.ports.indexed(this.index, false)
    this.index = undefined
    this.ports.touched()
  }

  /** Filters, next hop mode and the like, while the session goes on. */
  reconfigure(config: PeerConfig): void {
    const bfdBefore = JSON.stringify(this.config.bfd)
    this.config = config
    const { connection, session } = this
    if (!connection || !session || this.index === undefined) return
    this.ports.rib.changePeer(this.index, this.ribPeer(connection, session))
    if (JSON.stringify(config.bfd) !== bfdBefore) {
      this.unwatchPath()
      this.watchPath(connection)
    }
    this.ports.touched()
  }

  update(decoded: Exclude<DecodedUpdate, { readonly action: 'session-reset' }>): void {
    const { index, session } = this
    if (index === undefined || !session) return
    const { rib } = this.ports
    for (const { action, reason } of decoded.faults) this.ports.problem(`malformed UPDATE, ${action}: ${reason}`)
    if (decoded.action === 'treat-as-withdraw') for (const nlri of decoded.withdrawn) rib.withdraw(index, nlri)
    else if (decoded.action === 'afi-safi-disable') this.disable(index, decoded.family)
    else {
      const family = decoded.action === 'accept' ? endOfRibFamily(decoded.update) : undefined
      if (family !== undefined) this.endOfRib(family)
      else this.limit(rib.receive(index, decoded.update))
    }
    this.ports.touched()
  }

  refreshed({ afi, safi, subtype }: RouteRefreshMessage): void {
    const { index, session } = this
    const family: Family | undefined =
      safi !== Safi.unicast ? undefined : afi === Afi.IPv4 ? 4 : afi === Afi.IPv6 ? 6 : undefined
    if (index === undefined || !session || family === undefined || !session.families.includes(family)) return
    const meaning = session.enhancedRouteRefresh ? subtype : RefreshSubtype.request
    if (meaning === RefreshSubtype.request) this.ports.rib.refresh(index, family)
    else if (meaning === RefreshSubtype.begin && this.ended.has(family)) this.stale.refreshing(index, family)
    else if (meaning === RefreshSubtype.end) this.stale.complete(family)
    this.ports.touched()
  }

  /** Asks for the peer's routes again, or sends it ours. False when the peer cannot do it. */
  refresh(direction: 'in' | 'out'): boolean {
    const { session, connection, index } = this
    if (!session || !connection || index === undefined) return false
    if (direction === 'in' && !session.routeRefresh) return false
    for (const family of session.families) {
      const afi = family === 4 ? Afi.IPv4 : Afi.IPv6
      if (direction === 'out') this.ports.rib.refresh(index, family)
      else connection.send({ kind: 'ROUTE-REFRESH', afi, safi: Safi.unicast, subtype: RefreshSubtype.request })
    }
    this.ports.touched()
    return true
  }

  private endOfRib(family: Family): void {
    this.ended.add(family)
    this.stale.complete(family)
    this.ports.changed()
  }

  /** RFC 4760 §7: what it sent of the family is forgotten. Sessions ask for a reset instead (`WireOptions`). */
  private disable(index: PeerIndex, family: Family): void {
    this.ports.rib.markStale(index, family)
    this.ports.rib.dropStale(index, family)
  }

  /** RFC 4486 §4: the data names the family and the limit. */
  private limit(family: Family | undefined): void {
    if (family === undefined) return
    const most = this.config.maxPrefixes?.[family] ?? 0
    const data = new ByteWriter(64)
      .u16(family === 4 ? Afi.IPv4 : Afi.IPv6)
      .u8(Safi.unicast)
      .u32(most)
      .bytes.slice()
    this.ports.problem(`it sent more than ${most} prefixes of IPv${family}`)
    this.ports.stop(notification(ErrorCode.cease, CeaseSubcode.maximumPrefixes, data))
  }

  private watchPath(connection: BgpConnection): void {
    const { bfd, address, interface: device } = this.config
    const { localAddress } = connection
    if (!bfd || !this.ports.bfd || localAddress === undefined) return
    const path = { address, localAddress, ...bfd, ...(device !== undefined && { interface: device }) }
    const down = (): void => {
      this.ports.soon(() => {
        if (this.connection === connection) this.ports.stop(notification(ErrorCode.cease, CeaseSubcode.bfdDown))
      })
    }
    try {
      this.monitor = this.ports.bfd.watch(path, down)
    } catch (error) {
      this.ports.problem(`its path cannot be monitored: ${textOf(error)}`)
    }
  }

  private unwatchPath(): void {
    this.monitor?.[Symbol.dispose]()
    this.monitor = undefined
  }

  private ribPeer(connection: BgpConnection, session: Session): RibPeer {
    const { config } = this
    const { key, address, localAs, nextHop, allowLocalAs, enforceFirstAs, reflect, role, maxPrefixes } = config
    const drains = config.draining === true || this.ports.draining()
    const clusterId = reflect?.clusterId
    return {
      key,
      address: unscoped(address),
      localAs,
      remoteAs: session.remoteAs,
      localId: this.ports.routerId(),
      localAddress: { ...byFamily(connection.localAddress), ...config.nextHopSelf },
      client: reflect !== undefined,
      ...(clusterId !== undefined && { clusterId }),
      nextHop,
      allowLocalAs,
      enforceFirstAs,
      gracefulShutdown: config.gracefulShutdown ?? false,
      importFilter: config.importFilter,
      exportFilter: drains ? drained(config.exportFilter) : config.exportFilter,
      ...(role !== undefined && { role }),
      ...(maxPrefixes && { maxPrefixes }),
    }
  }
}

function byFamily(address: string | undefined): Partial<Record<Family, string>> {
  const bare = unscoped(address ?? '')
  return isAddress(bare) ? { [parseAddress(bare).family]: bare } : {}
}
