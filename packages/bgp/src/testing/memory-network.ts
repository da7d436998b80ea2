import { isAddress, parseAddress } from '@tortie/ip'
import type { Call, Clock } from '@tortie/runtime'
import type { Listen } from '../speaker/config.ts'
import type { Connection, Listener, Network, TcpOptions } from '../speaker/ports.ts'
import { Sleeper } from '../speaker/sleeper.ts'
import { Timers } from '../speaker/timers.ts'
import { connectPair, type MemoryConnection } from './memory-connection.ts'

/** A network in memory: hosts with addresses, connections that take time, break, stall and come in pieces. */
export interface MemoryNetwork {
  /** The TCP of one host. */
  host(...addresses: string[]): Network
  /** Milliseconds from one host to another, from now on. */
  latency(ms: number | ((from: string, to: string) => number)): void
  /** Octets in one segment at most: 1 for a peer that dribbles. */
  segments(address: string, octets: number): void
  /** The host reads nothing any more, as a process that is stopped; or goes on. */
  stall(address: string, stalled: boolean): void
  /** Both ends of each connection of the host see a reset, as after a crash. */
  reset(address: string): void
  /** Nothing gets from the host to the other, nor back, nor is lost: as behind a cut cable; or goes on. */
  cut(address: string, other: string, cut: boolean): void
  readonly connections: readonly MemoryConnection[]
}

interface Place {
  readonly listen: Listen
  readonly addresses: readonly string[]
  passwords: ReadonlyMap<string, string>
  readonly accept: (connection: Connection) => void
}

export function createMemoryNetwork(clock: Clock): MemoryNetwork {
  const timers = new Timers(clock, () => sleeper.set())
  const sleeper: Sleeper = new Sleeper(clock, timers, () => {
    timers.ringDue()
    sleeper.set()
  })
  const places = new Set<Place>()
  const open = new Set<MemoryConnection>()
  const stalled = new Set<string>()
  const cuts = new Set<string>()
  const segmentSizes = new Map<string, number>()
  let latencyOf = (_from: string, _to: string): number => 1
  let nextPort = 40_000

  const wire = {
    timers,
    latency: (from: string, to: string) => latencyOf(from, to),
    segment: (from: string) => segmentSizes.get(from) ?? Number.POSITIVE_INFINITY,
    blocked: (from: string, to: string) => stalled.has(to) || cuts.has(`${from} ${to}`),
    closed: (connection: MemoryConnection) => open.delete(connection),
  }
  const recheck = (): void => {
    for (const connection of open) connection.recheck()
  }
  const find = (address: string, port: number): Place | undefined =>
    [...places].find(({ listen, addresses }) => listen.port === port && addresses.includes(address))

  const connect = async (
    addresses: readonly string[],
    to: { readonly address: string; readonly port: number },
    { localAddress, password }: TcpOptions,
    { signal }: Call,
  ): Promise<Connection> => {
    const { family } = parseAddress(to.address)
    const from = localAddress ?? addresses.find((address) => parseAddress(address).family === family)
    if (from === undefined) throw new Error(`no address to reach ${to.address} from`)
    const wait = (ms: number): Promise<void> => clock.sleep(ms, { signal })
    for (;;) {
      await wait(2 * latencyOf(from, to.address))
      const place = find(to.address, to.port)
      const reached = !cuts.has(`${from} ${to.address}`)
      if (reached && !place) throw new Error(`${to.address} port ${to.port}: connection refused`)
      if (reached && place && place.passwords.get(from) === password) {
        const [ours, theirs] = connectPair(wire, { address: from, port: nextPort++ }, to)
        open.add(ours).add(theirs)
        timers.create(() => place.accept(theirs)).arm(0)
        return ours
      }
      // A SYN that nobody answers is sent again.
      await wait(1000)
    }
  }

  return {
    get connections() {
      return [...open]
    },
    host: (...addresses) => ({
      connect: (to, options, call) => connect(addresses, to, options, call),
      async listen(listen, passwords, accept): Promise<Listener> {
        const family = addresses.filter(
          (address) => isAddress(address) && parseAddress(address).family === listen.family,
        )
        const on = listen.address === undefined ? family : [listen.address]
        if (on.some((address) => find(address, listen.port))) throw new Error(`port ${listen.port} is taken`)
        const place: Place = { listen, addresses: on, passwords, accept }
        places.add(place)
        return {
          port: listen.port,
          setPasswords(next) {
            place.passwords = next
          },
          close: () => void places.delete(place),
        }
      },
    }),
    latency(ms) {
      latencyOf = typeof ms === 'number' ? () => ms : ms
    },
    segments(address, octets) {
      segmentSizes.set(address, octets)
    },
    stall(address, on) {
      if (on) stalled.add(address)
      else stalled.delete(address)
      recheck()
    },
    cut(address, other, on) {
      for (const pair of [`${address} ${other}`, `${other} ${address}`])
        if (on) cuts.add(pair)
        else cuts.delete(pair)
      recheck()
    },
    reset(address) {
      for (const connection of [...open]) if (connection.localAddress === address) connection.abort()
      for (const connection of [...open]) if (connection.localAddress === address) connection.broken()
    },
  }
}
