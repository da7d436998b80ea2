import {
  acceptAll,
  type BestRoute,
  createSpeaker,
  type LocalRoute,
  type NextHopResolution,
  type PeerConfig,
  type PeerStatus,
  peerConfig,
  type Speaker,
  type SpeakerConfig,
} from '@tortie/bgp'
import { createMemoryNetwork } from '@tortie/bgp/testing'
import { type BgpKernelPolicy, type BgpSourcePolicy, openBgpKernelPolicy } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import { createQueue, silentLog } from '@tortie/runtime'
import { recordingLog, seededRandom, virtualClock } from '@tortie/runtime/testing'
import type { BgpProgram } from '@tortie/topology'
import { type BgpEngine, createBgpEngine } from '../engine.ts'
import type { KernelRoutes } from '../kernel-routes.ts'

type Resolved = { readonly address: string; readonly resolution: NextHopResolution | undefined }

/** A kernel that holds what it was given, and says what the test says. */
export class FakeKernel implements KernelRoutes {
  /** Prefixes, each with its next hops. */
  readonly held = new Map<string, readonly (string | undefined)[]>()
  readonly watched = new Set<string>()
  readonly order: string[] = []
  policy: BgpKernelPolicy = openBgpKernelPolicy
  sourcePolicy: BgpSourcePolicy | undefined
  refusing: Error | undefined
  readonly #sources = createQueue<{ announce: readonly LocalRoute[]; withdraw: readonly LocalRoute[] }>()
  readonly #nextHops = createQueue<readonly Resolved[]>()

  readonly sources: KernelRoutes['sources']
  readonly nextHops: KernelRoutes['nextHops']

  constructor() {
    const kernel = this
    this.sources = {
      configure: (policy) => {
        this.sourcePolicy = policy
      },
      async *follow(call) {
        for (;;) yield* await kernel.#sources.take(call)
      },
    }
    this.nextHops = {
      watch: (addresses) => {
        for (const address of addresses) this.watched.add(address)
        // Everything is on the wire of eth0.
        this.#nextHops.push(
          [...addresses].map((address) => ({ address, resolution: { metric: 0, interface: 'eth0' } })),
        )
      },
      unwatch: (addresses) => {
        for (const address of addresses) this.watched.delete(address)
      },
      async *follow(call) {
        for (;;) yield* await kernel.#nextHops.take(call)
      },
    }
  }

  async apply(routes: readonly BestRoute[], policy: BgpKernelPolicy): Promise<void> {
    this.policy = policy
    if (this.refusing) throw this.refusing
    for (const { prefix, paths } of routes) {
      if (paths.length === 0) this.held.delete(prefix)
      else
        this.held.set(
          prefix,
          paths.map(({ nextHop }) => nextHop),
        )
    }
  }

  async recovered(): Promise<void> {
    this.order.push(`recovered with ${[...this.held.keys()].join(' ') || 'nothing'}`)
  }

  /** What the kernel has of others. The first time is `everything that is there`. */
  tell(announce: readonly LocalRoute[], withdraw: readonly LocalRoute[] = []): void {
    this.#sources.push({ announce, withdraw })
  }

  resolve(address: string, resolution: NextHopResolution | undefined): void {
    this.#nextHops.push([{ address, resolution }])
  }

  breakNextHops(error: Error): void {
    this.#nextHops.fail(error)
  }
}

export const [own, other] = ['10.0.0.1', '10.0.0.2'] as const
const cluster = 64_512

export function neighbor(address: string, given: Partial<PeerConfig> = {}): PeerConfig {
  const both = { localAs: cluster, remoteAs: cluster, importFilter: acceptAll, exportFilter: acceptAll }
  return peerConfig({ address, ...both, connectDelayTime: 1, kind: 'mesh', ...given })
}

export function localRoute(prefix: string, given: Partial<LocalRoute> = {}): LocalRoute {
  return { prefix, id: 'test', source: 'static', preference: 200, attributes: {}, ...given }
}

export function speakerConfig(routerId: string, peers: readonly PeerConfig[]): SpeakerConfig {
  return { routerId, listen: [{ family: 4, port: 179 }], peers, recoveryTime: 60, maxPaths: 16 }
}

export function program(given: Partial<BgpProgram> = {}): BgpProgram {
  return {
    speaker: speakerConfig(own, [neighbor(other)]),
    localRoutes: [],
    kernelPolicy: openBgpKernelPolicy,
    sources: { ignoredInterfaces: [], interesting: [], normalPriority: { 4: 1024, 6: 1024 } },
    logLevel: 'info',
    problems: [],
    ...given,
  }
}

/** An engine and one other speaker, on a network in memory and on virtual time. */
export function createEngineLab(kept: readonly Family[] = [], drained = { asked: false }) {
  const clock = virtualClock()
  const network = createMemoryNetwork(clock)
  const stop = new AbortController()
  const never = new AbortController().signal
  const log = recordingLog()
  const levels: string[] = []
  const kernel = new FakeKernel()
  const ports = (address: string) => ({
    network: network.host(address),
    clock,
    random: seededRandom(1),
    log: silentLog,
    yieldTurn: () => clock.sleep(0, { signal: never }),
  })
  const engine: BgpEngine = createBgpEngine({
    createSpeaker: (config, options) => createSpeaker(config, ports(own), options),
    kernel,
    kept,
    drained,
    clock,
    log,
    loopLagMs: () => 7,
    yieldTurn: () => Promise.resolve(),
    setLogLevel: (level) => void levels.push(level),
  })
  const running: Promise<unknown>[] = []
  return {
    clock,
    network,
    log,
    levels,
    kernel,
    engine,
    call: stop,
    /** Starts it. What it ends with. */
    run(): Promise<unknown> {
      const ended = engine.run(stop).catch((error: unknown) => error)
      running.push(ended)
      return ended
    },
    /** The other speaker, with routes of its own. */
    neighbor(routes: readonly LocalRoute[] = [], given: Partial<PeerConfig> = {}): Speaker {
      const config = speakerConfig(other, [neighbor(own, given)])
      const speaker = createSpeaker(config, ports(other), { resolveByDefault: { metric: 0 } })
      speaker.announce(routes)
      running.push(speaker.run(stop).catch(() => undefined))
      return speaker
    },
    async until(what: string, holds: () => boolean, seconds = 120): Promise<void> {
      const deadline = clock.monotonicMs() + seconds * 1000
      while (!holds()) {
        if (clock.monotonicMs() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
        await clock.advance(10)
      }
    },
    async end(): Promise<void> {
      stop.abort(new Error('the lab is over'))
      await clock.advance(1)
      await Promise.all(running)
    },
  }
}

export const stateOf = (speaker: Speaker): PeerStatus['state'] | undefined => speaker.peers()[0]?.state
/** Of the best routes. */
export const prefixes = (speaker: Speaker): string[] => [...speaker.best(4)].map(({ prefix }) => prefix).sort()
