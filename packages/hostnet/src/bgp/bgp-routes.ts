import type { BestRoute, NextHopResolution } from '@tortie/bgp'
import {
  type ApplyReport,
  type BgpKernelPolicy,
  type Drift,
  openBgpKernelPolicy,
  type ResyncReport,
} from '@tortie/dataplane'
import { createRtnetlink, type Route, type Rtnetlink } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { HostnetError } from '../errors.ts'
import {
  type BgpRouteCounts,
  type BgpRoutes,
  type BgpRoutesConfig,
  type BgpRoutesPorts,
  defaultBgpRoutesConfig,
} from './contract.ts'
import { applyEvent, type Consequences, type EventInbox, openInbox } from './events.ts'
import { ChangingView } from './kernel-view.ts'
import { type ChangingNextHops, createNextHops } from './next-hops.ts'
import { createShadow, type PlanContext, type Shadow } from './plan.ts'
import { type CompiledPolicy, compilePolicy } from './policy.ts'
import { resolveNextHop } from './resolve.ts'
import { scanKernel } from './scan.ts'
import { wantedKey, wantedOf } from './shape.ts'
import { createSources, type SourceReader } from './sources.ts'
import { problems, type RouteProblem, removeExtras, throwFailures, writeRows } from './writer.ts'

/** PERF: routes noted before other work gets a turn: some milliseconds. */
const routesPerTurn = 4000
/** The kernel is read for what events hint at during a tenth of the time at most. */
const scanShare = 10
const retryMs = 1000
/** Shapes beyond which those that no route has any more are forgotten at a resync. */
const manyShapes = 1000

/** Subscribes and reads at once. All in the namespace of the ports. */
export function createBgpRoutes(ports: BgpRoutesPorts, config: BgpRoutesConfig = defaultBgpRoutesConfig): BgpRoutes {
  return new Driver(ports, config)
}

class Driver implements BgpRoutes {
  readonly sources: SourceReader
  readonly nextHops: ChangingNextHops
  readonly #ports: BgpRoutesPorts
  readonly #config: BgpRoutesConfig
  readonly #rt: Rtnetlink
  readonly #shadow: Shadow = createShadow()
  readonly #view: ChangingView
  readonly #inbox: EventInbox
  readonly #stop = new AbortController()
  /** Gateways of BGP's own static routes, by prefix: next hops may be reached through these. */
  readonly #statics = new Map<string, string>()
  readonly #realised = new Map<string, number | string>()
  readonly #words = new Map<number, string>()
  #policy: { readonly from: BgpKernelPolicy; readonly compiled: CompiledPolicy }
  #recovered = false
  #extras: readonly Route[] = []
  #then: Consequences = nothingBut({ stale: true })
  #scanned = false
  /** A turn failed: how far it came with its writes is not known. */
  #isUnsure = false
  #announceScanned: () => void = () => undefined
  #scanNotBeforeMs = 0
  #isTimed = false
  #isWoken = false
  #viewChanged = false
  #saidTroubled = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: BgpRoutesPorts, config: BgpRoutesConfig) {
    this.#ports = ports
    this.#config = config
    this.#rt = createRtnetlink(ports.route)
    this.#policy = { from: openBgpKernelPolicy, compiled: compilePolicy(openBgpKernelPolicy) }
    this.#view = new ChangingView({
      route: (prefix) => {
        this.sources.touch(prefix)
        this.#viewChanged = true
      },
      devices: () => {
        this.sources.touchDevices()
        this.#realised.clear()
        this.#viewChanged = true
      },
    })
    const scanned = new Promise<void>((resolve) => {
      this.#announceScanned = resolve
    })
    this.sources = createSources(this.#view, () => scanned)
    this.nextHops = createNextHops(
      (address) => this.#resolve(address),
      () => scanned,
    )
    const { signal } = this.#stop
    this.#inbox = openInbox(
      ports.monitor,
      ports.route.portId,
      () => this.#wake(),
      (error) => this.#fail(error),
      { signal },
    )
    this.#wake()
    void this.#audit()
  }

  async apply(routes: readonly BestRoute[], policy: BgpKernelPolicy, call: Call): Promise<ApplyReport> {
    const compiled = policy === this.#policy.from ? this.#policy.compiled : compilePolicy(policy)
    return await this.#inTurn(async () => {
      this.#takePolicy(policy, compiled)
      // Noted before anything can fail: what is wanted is then written when the kernel can be read again.
      for (const [place, route] of routes.entries()) {
        this.#want(route)
        if (place % routesPerTurn === routesPerTurn - 1) await this.#pause()
      }
      await this.#catchUp(call)
      return await this.#settle(call)
    })
  }

  recovered(call: Call): Promise<ApplyReport> {
    return this.#inTurn(async () => {
      this.#recovered = true
      this.#then.everything = true
      await this.#catchUp(call)
      // Of several routes to a prefix the wanted one is to stay: only now it is known which that is.
      if (this.#extras.length > 0) await this.#scan(call)
      return await this.#settle(call)
    })
  }

  resync(call: Call): Promise<ResyncReport> {
    return this.#inTurn(async () => {
      const drift = await this.#scan(call)
      const { changed } = await this.#settle(call)
      if (this.#shadow.held.size + this.#shadow.wanted.size > manyShapes) this.#sweep()
      return { changed, drift }
    })
  }

  *problems(): Generator<RouteProblem> {
    yield* problems(this.#context(), this.#words)
  }

  counts(): BgpRouteCounts {
    const { table } = this.#shadow
    let [wanted, held] = [0, 0]
    for (let row = 0; row < table.end; row++) {
      if (table.wantedShape[row] !== 0) wanted++
      if (table.heldShape[row] !== 0) held++
    }
    return { wanted, held, waiting: table.troubled }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new Error('closed')
    this.#stop.abort(reason)
    this.#fail(reason)
    this.#announceScanned()
    await this.#turn
  }

  #context(): PlanContext {
    return {
      ...this.#shadow,
      view: this.#view,
      policy: this.#policy.compiled,
      recovered: this.#recovered,
      realised: this.#realised,
      resolve: (address) => this.#resolve(address),
    }
  }

  readonly #pause = (): Promise<void> => this.#ports.clock.sleep(0, this.#stop)

  #resolve(address: string): NextHopResolution | undefined {
    return resolveNextHop(address, this.#view, this.#statics)
  }

  #inTurn<T extends object>(work: () => Promise<T>): Promise<T & { readonly durationMs: number }> {
    const result = this.#turn.then(async () => {
      this.#stop.signal.throwIfAborted()
      const started = this.#ports.clock.monotonicMs()
      const outcome = await work()
      this.#tell()
      return { ...outcome, durationMs: this.#ports.clock.monotonicMs() - started }
    })
    this.#turn = result.catch((error: unknown) => {
      if (error instanceof HostnetError) return
      this.#isUnsure = true
      this.#wakeIn(retryMs)
    })
    return result
  }

  /** Looks, when its turn comes, at what happened. */
  #wake(): void {
    if (this.#isWoken || this.#stop.signal.aborted) return
    this.#isWoken = true
    const work = async (): Promise<object> => {
      this.#isWoken = false
      await this.#catchUp(this.#stop)
      return this.#settle(this.#stop)
    }
    this.#inTurn(work).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#ports.log.warn('hostnet.bgp.failed', { error })
    })
  }

  #wakeIn(ms: number): void {
    if (this.#isTimed) return
    this.#isTimed = true
    const done = (): void => {
      this.#isTimed = false
      this.#wake()
    }
    this.#ports.clock.sleep(ms, this.#stop).then(done, () => undefined)
  }

  #fail(error: unknown): void {
    if (!this.#stop.signal.aborted) this.#ports.log.error('hostnet.bgp.monitor.failed', { error })
    this.sources.fail(error)
    this.nextHops.fail(error)
  }

  async #audit(): Promise<void> {
    const { clock, log } = this.#ports
    while (!this.#stop.signal.aborted) {
      try {
        await clock.sleep(this.#config.auditMs, this.#stop)
        const { drift } = await this.resync(this.#stop)
        if (drift.length > 0) log.warn('hostnet.bgp.drift', { count: drift.length, first: drift[0] })
      } catch (error) {
        if (!this.#stop.signal.aborted) log.warn('hostnet.bgp.failed', { error })
      }
    }
  }

  /** Lets those who follow know, after a turn. */
  #tell(): void {
    if (this.#viewChanged) {
      this.sources.wake()
      this.nextHops.wake()
    }
    this.#viewChanged = false
  }

  /** Takes in what was announced; reads the kernel where that does not tell. */
  async #catchUp(call: Call): Promise<void> {
    const events = this.#inbox.take()
    if (!events || this.#isUnsure) this.#then.stale = true
    for (const event of events ?? []) applyEvent(event, this.#shadow, this.#view, this.#config.protocol, this.#then)
    // Their gateways may now be reached another way.
    if (this.#viewChanged)
      for (const prefix of this.#statics.keys()) this.#then.rows.add(this.#shadow.table.find(prefix))
    if (!this.#then.stale) return
    const wait = this.#scanNotBeforeMs - this.#ports.clock.monotonicMs()
    if (this.#scanned && wait > 0 && !this.#isUnsure) this.#wakeIn(wait)
    else await this.#scan(call)
  }

  async #scan(call: Call): Promise<readonly Drift[]> {
    const { clock } = this.#ports
    const started = clock.monotonicMs()
    this.#inbox.clear()
    this.#then = nothingBut({ stale: true })
    const { protocol } = this.#config
    const { drift, extras } = await scanKernel(
      this.#rt,
      this.#shadow,
      this.#view,
      protocol,
      !this.#scanned,
      this.#pause,
      call,
    )
    this.#extras = extras
    this.#then.stale = false
    this.#then.everything = true
    this.#scanned = true
    this.#isUnsure = false
    this.#announceScanned()
    const ended = clock.monotonicMs()
    this.#scanNotBeforeMs = ended + scanShare * (ended - started)
    return drift
  }

  #takePolicy(policy: BgpKernelPolicy, compiled: CompiledPolicy): void {
    if (policy === this.#policy.from) return
    this.#policy = { from: policy, compiled }
    this.#realised.clear()
    this.#then.everything = true
  }

  /** Notes what is now best for a prefix. */
  #want(route: BestRoute): void {
    const { table, wanted: shapes } = this.#shadow
    const wanted = wantedOf(route)
    const gateway = wanted?.shape.learned === false ? wanted.shape.hops[0]?.nextHop : undefined
    if (this.#statics.get(route.prefix) !== gateway) {
      if (gateway === undefined) this.#statics.delete(route.prefix)
      else this.#statics.set(route.prefix, gateway)
      this.#viewChanged = true
    }
    const row = wanted ? table.add(route.prefix) : table.find(route.prefix)
    if (row < 0) return
    table.wantedShape[row] = wanted ? shapes.intern(wantedKey(wanted.shape), () => wanted.shape) : 0
    table.wantedMetric[row] = wanted?.metric ?? 0
    this.#then.rows.add(row)
  }

  /** Writes what is not as it should be, of the rows that may be concerned. */
  async #settle(call: Call): Promise<{ readonly changed: number }> {
    const { table } = this.#shadow
    const { protocol } = this.#config
    const rows = this.#then.everything ? numbersBelow(table.end) : this.#concerned(this.#then)
    this.#then = nothingBut({ stale: this.#then.stale })
    const written = await writeRows(rows, this.#context(), this.#rt, protocol, this.#words, this.#pause, call)
    const extras = this.#recovered ? this.#extras : []
    if (extras.length > 0) this.#extras = []
    const changed = written.changed + (extras.length > 0 ? await removeExtras(extras, this.#rt, protocol, call) : 0)
    if (written.surprised) {
      this.#then.stale = true
      this.#wakeIn(retryMs)
    }
    this.#logTroubled()
    throwFailures(written.failures)
    return { changed }
  }

  *#concerned({ rows, retry }: Consequences): Generator<number> {
    yield* rows
    const { table } = this.#shadow
    if (!retry || table.troubled === 0) return
    for (let row = 0; row < table.end; row++) if (table.stateOf(row) !== 'in-place' && !rows.has(row)) yield row
  }

  #logTroubled(): void {
    const count = this.#shadow.table.troubled
    if (count === this.#saidTroubled) return
    this.#saidTroubled = count
    const [first] = this.problems()
    this.#ports.log[first?.state === 'conflict' ? 'warn' : 'info']('hostnet.bgp.waiting', { count, first })
  }

  #sweep(): void {
    const { table, wanted, held } = this.#shadow
    this.#realised.clear()
    wanted.sweep(new Set(table.wantedShape))
    held.sweep(new Set(table.heldShape))
  }
}

function nothingBut(some: Partial<Consequences>): Consequences {
  return { stale: false, retry: false, everything: false, rows: new Set(), ...some }
}

function* numbersBelow(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number
}
