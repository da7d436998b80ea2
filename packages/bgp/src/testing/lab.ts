import { silentLog } from '@tortie/runtime'
import { seededRandom, type VirtualClock, virtualClock } from '@tortie/runtime/testing'
import { acceptAll } from '../filter/filter.ts'
import type { LocalRoute } from '../rib/contract.ts'
import type { PeerConfig, SpeakerConfig } from '../speaker/config.ts'
import { createSpeaker } from '../speaker/create-speaker.ts'
import { peerConfig } from '../speaker/peer-config.ts'
import type { SpeakerPorts } from '../speaker/ports.ts'
import type { PeerStatus, Speaker, SpeakerEvent, SpeakerOptions } from '../speaker/speaker.ts'
import { createMemoryNetwork, type MemoryNetwork } from './memory-network.ts'

/** A running speaker of the lab. */
export interface Node {
  readonly address: string
  readonly speaker: Speaker
  /** Every event so far. */
  readonly events: readonly SpeakerEvent[]
  config: SpeakerConfig
  /** The process dies: its sockets are reset. */
  kill(): void
  /** Ends it as an abort does. */
  end(): void
  peer(key: string): PeerStatus
  /** Prefixes of its best routes. */
  best(): string[]
}

/** Speakers on a network in memory, on virtual time; every run with one seed is the same. */
export interface Lab {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  node(address: string, peers: readonly PeerConfig[], more?: Partial<SpeakerConfig>, options?: LabOptions): Node
  /** Lets time pass until it is so. @throws Error with `what` after `seconds` */
  until(what: string, holds: () => boolean, seconds?: number): Promise<void>
  pass(seconds: number): Promise<void>
  end(): Promise<void>
}

export type LabOptions = SpeakerOptions & Pick<SpeakerPorts, 'bfd'>

export function createLab(seed = 1): Lab {
  const clock = virtualClock()
  const network = createMemoryNetwork(clock)
  const random = seededRandom(seed)
  const stop = new AbortController()
  const running: Promise<void>[] = []
  return {
    clock,
    network,
    node(address, peers, more = {}, { bfd, ...options } = {}) {
      const config: SpeakerConfig = {
        routerId: address,
        listen: [{ family: 4, port: 179 }],
        peers,
        recoveryTime: 60,
        maxPaths: 16,
        ...more,
      }
      const never = new AbortController().signal
      const ports: SpeakerPorts = {
        network: network.host(address),
        clock,
        random,
        log: silentLog,
        // Work is done before time moves on.
        yieldTurn: () => clock.sleep(0, { signal: never }),
        ...(bfd && { bfd }),
      }
      const speaker = createSpeaker(config, ports, { resolveByDefault: { metric: 0 }, ...options })
      const own = new AbortController()
      stop.signal.addEventListener('abort', () => own.abort(), { once: true })
      const events: SpeakerEvent[] = []
      const listening = speaker.events(own)
      const collect = async (): Promise<void> => {
        for await (const event of listening) events.push(event)
      }
      running.push(
        collect().catch(() => undefined),
        speaker.run(own).catch(surprise(own.signal)),
      )
      return {
        address,
        speaker,
        events,
        config,
        kill() {
          network.reset(address)
          own.abort(new Error('killed'))
        },
        end: () => own.abort(new Error('ended')),
        peer(key) {
          const status = speaker.peers().find((peer) => peer.key === key)
          if (!status) throw new Error(`${address} has no peer ${key}`)
          return status
        },
        best: () => [...speaker.best(4), ...speaker.best(6)].map(({ prefix }) => prefix).sort(),
      }
    },
    async until(what, holds, seconds = 120) {
      const deadline = clock.monotonicMs() + seconds * 1000
      while (!holds()) {
        if (clock.monotonicMs() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
        await clock.advance(10)
      }
    },
    pass: (seconds) => clock.advance(seconds * 1000),
    async end() {
      stop.abort()
      await clock.advance(1)
      await Promise.all(running)
    },
  }
}

/** A speaker only ends because it was told to. */
function surprise(signal: AbortSignal) {
  return (error: unknown): void => {
    if (!signal.aborted) throw error
  }
}

/** A peer at an address of the same AS; what else matters is given. */
export function neighbor(address: string, given: Partial<PeerConfig> = {}): PeerConfig {
  const base = { address, localAs: 64512, remoteAs: 64512, importFilter: acceptAll, exportFilter: acceptAll }
  return peerConfig({ ...base, connectDelayTime: 1, ...given })
}

export function localRoute(prefix: string, given: Partial<LocalRoute> = {}): LocalRoute {
  return { prefix, id: 'test', source: 'local', preference: 200, attributes: {}, ...given }
}
