import { type Family, parsePrefix } from '@tortie/ip'
import { acceptAll } from '../filter/filter.ts'
import { nlriOf } from '../message/nlri.ts'
import { defaultWireOptions } from '../message/options.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { emptyUpdate } from '../message/update.ts'
import { ByteWriter } from '../message/writer.ts'
import type { BestRoute, NextHopResolution, PathView, PeerIndex, Rib, RibOptions, RibPeer } from '../rib/contract.ts'
import { createRib } from '../rib/rib.ts'
import type { Session } from '../session/negotiate.ts'
import { RibReceiver } from './rib-receiver.ts'

export const localAs = 64512

/** A neighbour of AS 64513 that may do everything, unless said otherwise. */
export function ribPeer(changes: Partial<RibPeer> = {}): RibPeer {
  return {
    key: 'peer',
    address: '192.0.2.2',
    localAs,
    remoteAs: 64513,
    localId: '192.0.2.1',
    localAddress: { 4: '192.0.2.1', 6: '2001:db8::1' },
    client: false,
    nextHop: 'auto',
    allowLocalAs: 0,
    enforceFirstAs: false,
    gracefulShutdown: false,
    importFilter: acceptAll,
    exportFilter: acceptAll,
    ...changes,
  }
}

export function ribSession(remoteAs: number, remoteId: string, changes: Partial<Session> = {}): Session {
  const peer = remoteAs === localAs ? 'internal' : 'external'
  const wire = { ...defaultWireOptions, peer } as const
  return {
    remoteAs,
    remoteId,
    peer,
    holdTime: 90,
    keepaliveTime: 30,
    families: [4, 6],
    send: wire,
    receive: wire,
    routeRefresh: true,
    enhancedRouteRefresh: true,
    ...changes,
  }
}

/** AS_PATH of one sequence. */
export const path = (...asns: number[]): Pick<PathAttributes, 'asPath'> => ({
  asPath: asns.length === 0 ? [] : [{ type: 2, asns }],
})

/** Routing tables with neighbours that are easily made and read. */
export class RibLab {
  readonly rib: Rib
  readonly #receivers = new Map<PeerIndex, RibReceiver>()
  readonly #configs = new Map<PeerIndex, RibPeer>()
  readonly #writer = new ByteWriter()

  constructor(options: Partial<RibOptions> = {}, byDefault: NextHopResolution | 'unreachable' = { metric: 0 }) {
    this.rib = createRib({
      maxPaths: 4,
      ...(byDefault !== 'unreachable' && { resolveByDefault: byDefault }),
      ...options,
    })
  }

  /** An open peer, named by its address. */
  peer(address: string, remoteAs: number, changes: Partial<RibPeer> = {}, session: Partial<Session> = {}): PeerIndex {
    const config = ribPeer({ key: address, address, remoteAs, ...changes })
    const index = this.rib.addPeer(config)
    this.#configs.set(index, config)
    this.open(index, ribSession(remoteAs, address.includes(':') ? '198.51.100.6' : address, session))
    return index
  }

  open(index: PeerIndex, session: Session): void {
    this.rib.open(index, session)
    this.#receivers.set(index, new RibReceiver(session))
  }

  /** As the peer was made. */
  config(index: PeerIndex): RibPeer {
    return this.#configs.get(index) as RibPeer
  }

  /** A received route, of IPv6 too; `pathId` with ADD-PATH. */
  receive(index: PeerIndex, prefixes: string[], attributes: PathAttributes, pathId?: number): Family | undefined {
    const family = parsePrefix(prefixes[0] ?? '').family
    const ids = pathId === undefined ? undefined : prefixes.map(() => pathId)
    const nlri = nlriOf(family, prefixes, ids)
    const { nextHop = family === 4 ? '192.0.2.2' : '2001:db8::2', ...rest } = { origin: 0 as const, ...attributes }
    return this.rib.receive(
      index,
      family === 4
        ? { ...emptyUpdate, nlri, attributes: { ...rest, nextHop } }
        : { ...emptyUpdate, attributes: rest, mpReach: { nextHop, nlri } },
    )
  }

  withdraw(index: PeerIndex, ...prefixes: string[]): void {
    this.rib.withdraw(index, nlriOf(parsePrefix(prefixes[0] ?? '').family, prefixes))
  }

  settle(): this {
    while (this.rib.work(1000));
    return this
  }

  /** Decides, and gives what is sent to the peer to its receiver. @returns the bytes */
  drain(index: PeerIndex): Uint8Array {
    this.settle()
    this.#writer.reset()
    while (this.rib.output(index, this.#writer, 1000));
    const bytes = this.#writer.bytes.slice()
    this.receiver(index).take(bytes)
    return bytes
  }

  receiver(index: PeerIndex): RibReceiver {
    return this.#receivers.get(index) as RibReceiver
  }

  /** Prefixes that the peer has after everything was sent. */
  sent(index: PeerIndex, family: Family = 4): string[] {
    this.drain(index)
    return [...this.receiver(index).table(family).keys()].sort()
  }

  best(prefix: string): BestRoute | undefined {
    this.settle()
    return [...this.rib.best(parsePrefix(prefix).family)].find((route) => route.prefix === prefix)
  }

  views(prefix: string): PathView[] {
    this.settle()
    return [...this.rib.paths(parsePrefix(prefix).family, prefix)]
  }
}
