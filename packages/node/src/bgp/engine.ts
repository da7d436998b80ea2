import type {
  LocalRoute,
  PathView,
  PeerConfig,
  Speaker,
  SpeakerConfig,
  SpeakerEvent,
  SpeakerOptions,
} from '@tortie/bgp'
import { openBgpKernelPolicy } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import { timestampOf } from '@tortie/model'
import { type Call, type Clock, createQueue, type Log } from '@tortie/runtime'
import type { BgpProblem, BgpProgram } from '@tortie/topology'
import { NodeError } from '../errors.ts'
import type { BgpControl, BgpExplanation, BgpRoute } from './control.ts'
import type { KernelRoutes } from './kernel-routes.ts'
import type { BgpStatus } from './status.ts'
import type { BgpTables } from './stream.ts'
import { peerView, routeView } from './views.ts'

export interface BgpEnginePorts {
  readonly createSpeaker: (config: SpeakerConfig, options: SpeakerOptions) => Speaker
  readonly kernel: KernelRoutes
  /** Families of which an earlier run left routes: peers may go on using them while this one starts (RFC 4724). */
  readonly kept: readonly Family[]
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds by which timers were late at most, lately. */
  readonly loopLagMs: () => number
  /** Ends the current turn so that sessions are served: `yieldTurn` of `@tortie/runtime/system`. */
  readonly yieldTurn: () => Promise<void>
  readonly setLogLevel?: (level: BgpProgram['logLevel']) => void
  /** Whether the node is drained. It may outlive the engine, so that one that breaks does not take the drain back. */
  readonly drained?: { asked: boolean }
}

/** BGP of one node: a speaker, the kernel's routes, and what joins them. */
export interface BgpEngine extends BgpControl, BgpTables {
  /** The parts of the program that are other than before; the first ones start the speaker. */
  apply(parts: Partial<BgpProgram>): Promise<void>
  /** Ends only by throwing: `signal.reason` on abort, or what makes going on impossible. The kernel keeps its routes. */
  run(call: Call): Promise<never>
  /** `restart`: without a word, so that peers keep our routes; `shutdown`: for good, with words for the other side. */
  stop(order: { readonly how: 'restart' | 'shutdown'; readonly text?: string }): Promise<void>
}

export function createBgpEngine(ports: BgpEnginePorts): BgpEngine {
  return new Engine(ports)
}

const emptyProgram: BgpProgram = {
  speaker: undefined,
  localRoutes: [],
  kernelPolicy: openBgpKernelPolicy,
  sources: { ignoredInterfaces: [], interesting: [], normalPriority: { 4: 1024, 6: 1024 } },
  logLevel: 'info',
  problems: [],
}

/** A speaker without neighbours, for a node on which BGP has nothing to do: nobody sees its identifier. */
const nothing: SpeakerConfig = { routerId: '0.0.0.1', listen: [], peers: [], recoveryTime: 0, maxPaths: 16 }

/** Paths described before sessions are served again. */
const atOnce = 500

interface Waiting {
  readonly parts: Partial<BgpProgram>
  readonly done: () => void
}

class Engine implements BgpEngine {
  readonly #ports: BgpEnginePorts
  readonly #programs = createQueue<Waiting>()
  readonly #bootTime: string
  #reconfiguredTime: string | undefined
  readonly #drained: { asked: boolean }
  #speaker: Speaker | undefined
  #program: BgpProgram = emptyProgram
  #configured = false
  #peers: ReadonlyMap<string, PeerConfig> = new Map()
  #recovering = false

  constructor(ports: BgpEnginePorts) {
    this.#ports = ports
    this.#drained = ports.drained ?? { asked: false }
    this.#bootTime = timestampOf(ports.clock.wallMs())
  }

  apply(parts: Partial<BgpProgram>): Promise<void> {
    return new Promise((done) => this.#programs.push({ parts, done }))
  }

  async run({ signal }: Call): Promise<never> {
    const life = new AbortController()
    const call = { signal: AbortSignal.any([signal, life.signal]) }
    try {
      const speaker = await this.#start(call)
      // Peers hear End-of-RIB after our own routes: what is not told by then they would take for gone.
      const told = Promise.withResolvers<void>()
      return await Promise.race([
        this.#followSpeaker(speaker, call),
        this.#followSources(speaker, told.resolve, call),
        this.#followNextHops(speaker, call),
        this.#followPrograms(speaker, call),
        told.promise.then(() => speaker.run(call)),
      ])
    } finally {
      life.abort(new Error('BGP ended'))
      this.#speaker = undefined
    }
  }

  /** With the first program, for a speaker that starts without its peers would tell the first ones that it has none. */
  async #start(call: Call): Promise<Speaker> {
    const { createSpeaker, kernel, kept, log } = this.#ports
    const waiting = await this.#programs.take(call)
    const [first] = waiting
    const config = first?.parts.speaker ?? nothing
    this.#recovering = kept.length > 0 && config.peers.length > 0
    const speaker = createSpeaker(config, this.#recovering ? { restarted: { forwarding: kept } } : {})
    this.#speaker = speaker
    // Nobody waits for it: it ends with the speaker at the latest.
    if (this.#drained.asked) void speaker.drain(call).catch(() => undefined)
    log.info('bgp.started', { routerId: config.routerId, peers: config.peers.length, kept })
    await this.#takeAll(speaker, waiting, call)
    if (!this.#recovering) await this.#inKernel(kernel.recovered(call), call)
    return speaker
  }

  async #followPrograms(speaker: Speaker, call: Call): Promise<never> {
    for (;;) await this.#takeAll(speaker, await this.#programs.take(call), call)
  }

  async #takeAll(speaker: Speaker, programs: readonly Waiting[], call: Call): Promise<void> {
    for (const { parts, done } of programs) {
      await this.#take(speaker, parts, call)
      done()
    }
  }

  async #take(speaker: Speaker, parts: Partial<BgpProgram>, call: Call): Promise<void> {
    const { kernel, clock, log, setLogLevel } = this.#ports
    const before = this.#program
    const program = { ...before, ...parts }
    this.#program = program
    if (parts.logLevel) setLogLevel?.(parts.logLevel)
    if (parts.sources) kernel.sources.configure(parts.sources)
    if (parts.kernelPolicy) await this.#inKernel(kernel.apply([], parts.kernelPolicy, call), call)
    if ('speaker' in parts) {
      this.#peers = new Map((program.speaker?.peers ?? []).map((peer) => [peer.key, peer]))
      this.#configure(speaker)
      if (this.#configured) this.#reconfiguredTime = timestampOf(clock.wallMs())
      this.#configured = true
    }
    if (parts.localRoutes) exchange(speaker, before.localRoutes, parts.localRoutes)
    const told = new Set(before.problems.map((problem) => JSON.stringify(problem)))
    for (const problem of parts.problems ?? [])
      if (!told.has(JSON.stringify(problem))) log.warn('bgp.problem', { ...problem })
  }

  #configure(speaker: Speaker): void {
    try {
      speaker.configure(this.#program.speaker ?? nothing)
    } catch (error) {
      this.#ports.log.error('bgp.config.refused', { error, remedy: 'the configuration before it stays in force' })
    }
  }

  async #followSpeaker(speaker: Speaker, call: Call): Promise<never> {
    for await (const event of speaker.events(call)) await this.#hear(event, call)
    throw new Error('the events of the speaker ended')
  }

  async #hear(event: SpeakerEvent, call: Call): Promise<void> {
    const { kernel, log } = this.#ports
    if (event.kind === 'best') await this.#inKernel(kernel.apply(event.routes, this.#program.kernelPolicy, call), call)
    else if (event.kind === 'next-hops') {
      kernel.nextHops.unwatch(event.removed)
      kernel.nextHops.watch(event.added)
    } else if (event.kind === 'recovered') {
      this.#recovering = false
      log.info('bgp.recovered')
      await this.#inKernel(kernel.recovered(call), call)
    } // What is wrong with peers and sockets the speaker itself logs.
  }

  /** What the kernel refuses for good is told and passed over: the other routes and the sessions go on. */
  async #inKernel(work: Promise<unknown>, call: Call): Promise<void> {
    try {
      await work
    } catch (error) {
      call.signal.throwIfAborted()
      this.#ports.log.error('bgp.routes.refused', { error })
    }
  }

  async #followSources(speaker: Speaker, told: () => void, call: Call): Promise<never> {
    for await (const { announce, withdraw } of this.#ports.kernel.sources.follow(call)) {
      if (withdraw.length > 0) speaker.withdraw(withdraw)
      if (announce.length > 0) speaker.announce(announce)
      told()
    }
    throw new Error('the sources of routes ended')
  }

  async #followNextHops(speaker: Speaker, call: Call): Promise<never> {
    for await (const changes of this.#ports.kernel.nextHops.follow(call))
      for (const { address, resolution } of changes) speaker.resolveNextHop(address, resolution)
    throw new Error('the changes of next hops ended')
  }

  async status(): Promise<BgpStatus> {
    const config = this.#program.speaker
    const peers = this.#speaker?.peers() ?? []
    const families = config ? [...new Set(config.listen.map(({ family }) => family))].sort() : []
    return {
      families: families.map((family) => ({
        family,
        routerId: config?.routerId ?? '',
        state: this.#speaker && !this.#recovering ? 'Ready' : 'NotReady',
        bootTime: this.#bootTime,
        ...(this.#reconfiguredTime !== undefined && { reconfiguredTime: this.#reconfiguredTime }),
        peers: peers
          .filter(({ address }) => address.includes(':') === (family === 6))
          .map((peer) => peerView(peer, this.#peers.get(peer.key))),
      })),
      loopLagMs: this.#ports.loopLagMs(),
      ...this.#whyNot(),
    }
  }

  #whyNot(): Pick<BgpStatus, 'why'> {
    if (!this.#speaker) return { why: 'starting' }
    const problem = this.#program.problems.find(({ code }) => code === 'no-router-id' || code === 'no-node')
    return problem ? { why: problem.why } : {}
  }

  async problems(): Promise<readonly BgpProblem[]> {
    return this.#program.problems
  }

  async routes(question: { readonly family: Family; readonly prefix?: string }, call: Call): Promise<BgpRoute[]> {
    const { family, prefix } = question
    if (prefix !== undefined)
      return [...(this.#speaker?.paths(family, prefix) ?? [])].map((path) => this.#view(family, path))
    const routes: BgpRoute[] = []
    for await (const batch of this.walk({ family }, call)) for (const route of batch) routes.push(route)
    return routes
  }

  async *walk({ family }: { readonly family: Family }, { signal }: Call): AsyncGenerator<readonly BgpRoute[]> {
    let batch: BgpRoute[] = []
    for (const path of this.#speaker?.paths(family) ?? []) {
      batch.push(this.#view(family, path))
      if (batch.length < atOnce) continue
      yield batch
      batch = []
      await this.#ports.yieldTurn()
      signal.throwIfAborted()
    }
    yield batch
  }

  dump(call: Call): AsyncIterable<Uint8Array> {
    return this.#running().dump(call)
  }

  #view(family: Family, path: PathView): BgpRoute {
    return routeView(family, path, this.#peers.get(path.peer ?? ''))
  }

  async explain(
    { prefix, peer }: { readonly prefix: string; readonly peer?: string },
    call: Call,
  ): Promise<BgpExplanation> {
    const family = prefix.includes(':') ? 6 : 4
    const speaker = this.#running()
    if (peer !== undefined) this.#know(peer)
    const asked = peer === undefined ? speaker.peers().filter(({ session }) => session?.families.includes(family)) : []
    const keys = peer === undefined ? asked.map(({ key }) => key) : [peer]
    return {
      prefix,
      learned: await this.routes({ family, prefix }, call),
      exported: keys.flatMap((key) => speaker.explainExport(key, prefix)),
    }
  }

  async refresh({ peer, direction }: { readonly peer: string; readonly direction: 'in' | 'out' }): Promise<void> {
    this.#know(peer)
    this.#running().refresh(peer, direction)
  }

  async reset({ peer, text }: { readonly peer: string; readonly text?: string }): Promise<void> {
    this.#know(peer)
    this.#running().reset(peer, text)
  }

  async drain({ wait }: { readonly wait?: 'yes' | 'no' }, call: Call): Promise<void> {
    const speaker = this.#running()
    const never = { signal: new AbortController().signal }
    this.#drained.asked = true
    const told = speaker.drain(wait === 'yes' ? call : never)
    if (wait === 'yes') await told
  }

  async undrain(): Promise<void> {
    this.#drained.asked = false
    this.#running().undrain()
  }

  async stop({ how, text }: { readonly how: 'restart' | 'shutdown'; readonly text?: string }): Promise<void> {
    await this.#speaker?.stop(how, text)
  }

  #running(): Speaker {
    if (this.#speaker) return this.#speaker
    throw new NodeError('node/bgp-starting', {})
  }

  /** @throws NodeError node/no-such-peer */
  #know(peer: string): void {
    const known = this.#running()
      .peers()
      .map(({ key }) => key)
    if (!known.includes(peer)) throw new NodeError('node/no-such-peer', { peer, known: known.join(', ') || 'none' })
  }
}

/** From one list of local routes to the next. */
function exchange(speaker: Speaker, before: readonly LocalRoute[], after: readonly LocalRoute[]): void {
  const name = ({ prefix, id }: LocalRoute): string => `${prefix} ${id}`
  const held = new Map(before.map((route) => [name(route), route]))
  const fresh = after.filter((route) => JSON.stringify(held.get(name(route))) !== JSON.stringify(route))
  const kept = new Set(after.map(name))
  const gone = before.filter((route) => !kept.has(name(route)))
  if (gone.length > 0) speaker.withdraw(gone)
  if (fresh.length > 0) speaker.announce(fresh)
}
