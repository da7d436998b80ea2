import type { ApplyReport, Drift, ResyncReport, RoutingDataplane, RoutingProgram } from '@tortie/dataplane'
import { createRtnetlink, type Rtnetlink } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import type { HostnetConfig } from './config.ts'
import { createFlowCleaner, type FlowCleaner } from './flow-cleaner.ts'
import { type ReadState, readLinks, readState } from './kernel-state.ts'
import { type Changes, goneUnseen, type Patience, planChanges, remember, sizeOf } from './plan/changes.ts'
import { driftOf } from './plan/drift.ts'
import { requestsOf } from './plan/requests.ts'
import { routeKey } from './plan/route-key.ts'
import { createRouteMemo, movedAddresses, type Pending, readyInterfaces } from './plan/routes.ts'
import { bare, type LinkView, sameLinks } from './plan/view.ts'
import { planVxlan, vxlanDevice } from './plan/vxlan.ts'
import type { HostnetPorts } from './ports.ts'
import { isStale, type Refused, throwRefused, waits, withRefused } from './refused.ts'
import { createSettings, type Settings } from './settings.ts'
import { createWatch, type Watch } from './watch.ts'

/** A device that vanishes or comes between reading and writing makes a plan stale; it is then made again. */
const attempts = 4

/**
 * The driver of the routing program: routes, neighbours, tunnel devices and sysctls of one network namespace. Spec 02 §5.
 * Its methods throw HostnetError `hostnet/refused` when the kernel refused something, NetlinkError when it cannot be
 * read, and what the ports throw.
 */
export function createHostnet(ports: HostnetPorts, config: HostnetConfig): RoutingDataplane {
  return new Hostnet(ports, config)
}

interface Outcome {
  readonly changed: number
  readonly drift: readonly Drift[]
}

class Hostnet implements RoutingDataplane, Patience {
  readonly #ports: HostnetPorts
  readonly #config: HostnetConfig
  readonly #rt: Rtnetlink
  readonly #settings: Settings
  readonly #cleaner: FlowCleaner
  readonly #watch: Watch
  #program: RoutingProgram | undefined
  /** What the kernel held when we last looked, and what we wrote since; undefined when that is in doubt. */
  #state: ReadState | undefined
  #pending: ReadonlyMap<string, Pending> = new Map()
  readonly #memo = createRouteMemo()
  /** Whether this process wanted the route in the round before. */
  #isKnown: Changes['isWanted'] = () => false
  /** Monotonic time at which each device was first seen, by ifindex. */
  readonly #firstSeenMs = new Map<number, number>()
  #ready: ReadonlySet<string> = new Set()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: HostnetPorts, config: HostnetConfig) {
    this.#ports = ports
    this.#config = config
    this.#rt = createRtnetlink(ports.route)
    this.#settings = createSettings(ports, config)
    this.#cleaner = createFlowCleaner(ports.netfilter, ports.log)
    this.#watch = createWatch(ports, config, () => ({ state: this.#state, program: this.#program }))
  }

  apply(program: RoutingProgram, call: Call): Promise<ApplyReport> {
    return this.#inTurn(async () => {
      call.signal.throwIfAborted()
      const started = this.#ports.clock.monotonicMs()
      if (this.#program) this.#cleaner.forget(movedAddresses(this.#program, program))
      this.#program = program
      const { changed } = await this.#converge(program, undefined, call)
      return { changed, durationMs: this.#ports.clock.monotonicMs() - started }
    })
  }

  resync(call: Call): Promise<ResyncReport> {
    return this.#inTurn(async () => {
      call.signal.throwIfAborted()
      const started = this.#ports.clock.monotonicMs()
      const before = this.#state
      this.#state = undefined
      const outcome = this.#program ? await this.#converge(this.#program, { before }, call) : { changed: 0, drift: [] }
      return { ...outcome, durationMs: this.#ports.clock.monotonicMs() - started }
    })
  }

  changes(call: Call): ReturnType<RoutingDataplane['changes']> {
    return this.#watch.follow(call)
  }

  readyInterfaces(): ReadonlySet<string> {
    return this.#ready
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    await this.#cleaner.close()
  }

  isKnown(routeKey: string): boolean {
    return this.#isKnown(routeKey)
  }

  graceEndsMs(ifindex: number): number | undefined {
    const now = this.#ports.clock.monotonicMs()
    const ends = (this.#firstSeenMs.get(ifindex) ?? now) + this.#config.newInterfaceGraceMs
    return ends > now ? ends : undefined
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /**
   * Reads what is not known, plans and writes, until nothing is left to do.
   * @param check for a resync: what we knew before the kernel is read again
   */
  async #converge(
    program: RoutingProgram,
    check: { readonly before: ReadState | undefined } | undefined,
    call: Call,
  ): Promise<Outcome> {
    let changed = 0
    const drift: Drift[] = []
    for (let attempt = 1; ; attempt++) {
      const again = attempt < attempts
      const state = await this.#current(program, call)
      const settings = this.#settings.apply(program, state.view, check !== undefined && attempt === 1)
      const tunnels = await this.#applyTunnels(program, state.view, call)
      changed += settings.changed + tunnels.length
      drift.push(...settings.drifted.map((key): Drift => ({ object: `sysctl ${key}`, found: 'changed' })))
      drift.push(...tunnels.filter(({ name }) => check?.before?.view.byName.has(name)).map((tunnel) => tunnel.drift))
      if (tunnels.length > 0) this.#state = undefined
      if (tunnels.length > 0 && again) continue
      const changes = planChanges(program, state, this.#config, this, this.#memo)
      drift.push(...driftOf(changes, check?.before, state.view))
      const refused = await this.#write(changes, state, call)
      changed += sizeOf(changes) - refused.length
      // With its last IPv4 address an interface loses its routes and neighbours.
      const bared = changes.addresses.some(({ op, key }) => op === 'remove' && !key.includes(':'))
      if (bared) this.#state = undefined
      if ((bared || refused.some(isStale)) && again) continue
      this.#finish(program, withRefused(changes, refused), settings.failed, state)
      throwRefused(refused)
      return { changed, drift: check ? drift : [] }
    }
  }

  /** What the kernel holds: as remembered, unless a device is no longer what it was. */
  async #current(program: RoutingProgram, call: Call): Promise<ReadState> {
    const remembered = this.#state
    if (remembered) {
      const view = await readLinks(this.#rt, call)
      this.#state = sameLinks(remembered.view, view) ? { ...remembered, view } : undefined
    }
    const state = this.#state ?? (await readState(this.#rt, program, this.#config, call))
    this.#state = state
    this.#noteDevices(state.view)
    return state
  }

  /** One round of changes of the tunnel devices, and what was wrong with each. */
  async #applyTunnels(program: RoutingProgram, view: LinkView, call: Call): Promise<{ name: string; drift: Drift }[]> {
    const done: { name: string; drift: Drift }[] = []
    for (const family of this.#config.ipv6 ? ([4, 6] as const) : ([4] as const)) {
      const own = family === 4 ? program.node.vxlan : program.node.vxlanV6
      const plan = planVxlan(family, own, view, this.#config)
      if (plan.kind === 'wait') this.#ports.log.info('hostnet.vxlan.waiting', { family, why: plan.why })
      if (plan.kind !== 'change') continue
      await this.#rt.run(plan.requests, call)
      const name = vxlanDevice(family)
      done.push({ name, drift: { object: `link ${name}`, found: view.byName.has(name) ? 'changed' : 'missing' } })
    }
    return done
  }

  /** @returns what the kernel refused */
  async #write(changes: Changes, state: ReadState, call: Call): Promise<readonly Refused[]> {
    const requests = requestsOf(changes)
    if (requests.length === 0) return []
    const wanted = changes.routes.flatMap((change) => (change.op === 'remove' ? [] : [bare(change.value.dst)]))
    await this.#cleaner.settled(wanted)
    call.signal.throwIfAborted()
    this.#cleaner.forget(goneUnseen(changes, state.view, this.#config, this))
    // Remembered before it is done: the kernel's announcement may come first, and is then known as our own.
    for (const change of changes.routes) remember(state.routes, change)
    for (const change of changes.neighbours) remember(state.neighbours, change)
    for (const change of changes.fdb) remember(state.fdb, change)
    this.#state = { ...state, doubles: [] }
    try {
      const errors = await this.#rt.attempt(requests, call)
      const refused = errors
        .map((error) => ({ error, request: requests[error.facts.index] }))
        // What was to be removed and is not there is removed.
        .filter(({ error, request }) => !(request?.verb === 'delete' && error.code === 'netlink/missing'))
      for (const { request } of refused.filter(waits))
        if (request?.kind === 'route') state.routes.delete(routeKey(request.route))
      if (!refused.every(waits)) this.#state = undefined
      return refused
    } catch (error) {
      this.#state = undefined
      throw error
    }
  }

  #noteDevices({ byIndex }: LinkView): void {
    const now = this.#ports.clock.monotonicMs()
    for (const index of this.#firstSeenMs.keys()) if (!byIndex.has(index)) this.#firstSeenMs.delete(index)
    for (const index of byIndex.keys()) if (!this.#firstSeenMs.has(index)) this.#firstSeenMs.set(index, now)
  }

  /** Remembers what this round came to: what waits, what is known, which interfaces are ready. */
  #finish(program: RoutingProgram, changes: Changes, failed: ReadonlySet<string>, { view }: ReadState): void {
    this.#isKnown = changes.isWanted
    for (const [key, { dst, why }] of changes.pending)
      if (this.#pending.get(key)?.why !== why) this.#ports.log.info('hostnet.route.waiting', { dst, why })
    this.#pending = changes.pending
    if (changes.againAtMs !== undefined) this.#watch.lookAgain(changes.againAtMs)
    this.#ready = readyInterfaces(program, changes.pending, failed, view)
  }
}
