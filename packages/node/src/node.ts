import { followResources, type MirrorBatch } from '@tortie/datastore'
import { createPolicyEngine } from '@tortie/policy'
import { type Backoff, type Call, createBackoff, createQueue, isRetryable } from '@tortie/runtime'
import { clusterRouteOwners, createTopology, type TopologyOptions } from '@tortie/topology'
import type { NodeConfig } from './config/parameters.ts'
import { type ConfigState, configKinds, createConfigState, type LocalSources } from './config-watch.ts'
import { createEndpointStatusWriter } from './endpoint-status.ts'
import { createEnforcer, type Enforcer } from './enforcer.ts'
import { createHealth, type Health } from './health.ts'
import type { NodePorts } from './ports.ts'
import { type FollowedKind, followedKinds, type NodeChange } from './resources.ts'

export interface NodeOptions {
  /** Name of this node's Node resource. */
  readonly name: string
  readonly local: LocalSources
  /** A BGP speaker runs beside: it has the cluster's routes that are its own by configuration (spec 05 A8). */
  readonly bgp?: boolean
  /** Told whenever the effective configuration becomes known or changes. */
  readonly onConfig?: (config: NodeConfig) => void
}

export interface RunningNode {
  readonly health: Health
  /** Ends only by throwing: `signal.reason` on abort, or what cannot be retried. */
  run(call: Call): Promise<never>
}

/**
 * One node's data flow: datastore → calculation → kernel → endpoint status. State lives in the datastore and in the
 * kernel; killed at any moment, the next run resynchronises from those two without touching what is right already.
 */
export function createNode(options: NodeOptions, ports: NodePorts): RunningNode {
  const health = createHealth(
    { Datastore: { timeoutMs: 0 }, Calculation: { timeoutMs: 0 }, Dataplane: { timeoutMs: 0 } },
    ports.clock,
  )
  return {
    health,
    async run(call) {
      const backoff = createBackoff(ports, { firstMs: 50, longestMs: 10_000 })
      for (;;) await runOneLife(options, ports, health, backoff, call)
    },
  }
}

/**
 * A change of the effective configuration, or an error that retrying cannot mend, ends one life of drivers and engines and
 * begins the next, which compares everything afresh. The kernel keeps its state meanwhile.
 */
async function runOneLife(
  options: NodeOptions,
  ports: NodePorts,
  health: Health,
  backoff: Backoff,
  call: Call,
): Promise<void> {
  const life = new AbortController()
  const signal = AbortSignal.any([call.signal, life.signal])
  try {
    await new NodeLife(options, ports, health, backoff).run({ signal })
  } finally {
    life.abort(new Error('the node loop ended'))
  }
}

type Event =
  | { readonly kind: 'batch'; readonly batch: MirrorBatch<FollowedKind>; readonly taken: () => void }
  | { readonly kind: 'interface' }
  | { readonly kind: 'due'; readonly what: 'policy' | 'routing' | 'retry' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** The open drivers, and the configuration they were opened with. */
interface Drivers {
  readonly enforcer: Enforcer
  readonly config: string
  readonly close: AsyncDisposableStack
}

class NodeLife {
  readonly #options: NodeOptions
  readonly #ports: NodePorts
  readonly #health: Health
  readonly #backoff: Backoff
  readonly #events = createQueue<Event>()
  readonly #config: ConfigState
  readonly #waiting: NodeChange[] = []
  #inSync = false
  #running: Drivers | undefined
  #retryPending = false
  /** Batches that were accepted and whose successors have not been asked for. */
  readonly #owed: (() => void)[] = []

  constructor(options: NodeOptions, ports: NodePorts, health: Health, backoff: Backoff) {
    this.#backoff = backoff
    this.#options = options
    this.#ports = ports
    this.#health = health
    this.#config = createConfigState(options.name, options.local)
  }

  /** Returns when this life is over. */
  async run(call: Call): Promise<void> {
    this.#pump(call)
    try {
      for (;;) {
        const events = await this.#events.take(call)
        if (await this.#handle(events, call)) return
      }
    } finally {
      await this.#running?.close.disposeAsync()
    }
  }

  /** Whether this life is over. */
  async #handle(events: readonly Event[], call: Call): Promise<boolean> {
    for (const event of events) {
      if (event.kind === 'failed') throw event.error
      if (event.kind === 'batch') {
        this.#accept(event.batch)
        this.#owed.push(event.taken)
      } else if (event.kind === 'due' && event.what === 'retry') {
        this.#retryPending = false
        for (const taken of this.#owed.splice(0)) taken()
      }
    }
    if (this.#inSync && this.#reconfigured()) return true
    try {
      if (this.#inSync) await this.#act(events, call)
      this.#backoff.reset()
    } catch (error) {
      call.signal.throwIfAborted()
      this.#failed(error)
      const waited = this.#backoff.wait(call)
      // Retrying sends what is missing once more. What is not retryable was refused for its content: begin anew.
      if (!isRetryable(error)) {
        await waited
        return true
      }
      this.#later('retry', waited, call)
      return false // the next batch is asked for when the retry is due, so that changes coalesce in the store's mirror
    }
    for (const taken of this.#owed.splice(0)) taken()
    return false
  }

  async #act(events: readonly Event[], call: Call): Promise<void> {
    const running = this.#running ?? (await this.#open(call))
    running.enforcer.accept(this.#waiting.splice(0))
    await running.enforcer.enforce(call)
    const due = (what: 'policy' | 'routing'): boolean =>
      events.some((event) => event.kind === 'due' && event.what === what)
    if (due('policy')) await running.enforcer.resyncPolicy(call)
    if (due('routing') || events.some((event) => event.kind === 'interface')) await running.enforcer.resyncRouting(call)
  }

  #accept(batch: MirrorBatch<FollowedKind>): void {
    this.#health.report(
      'Datastore',
      batch.connected
        ? { live: true, ready: batch.inSync }
        : {
            live: true,
            ready: false,
            why: batch.cause instanceof Error ? batch.cause.message : 'the datastore cannot be reached',
            remedy: 'retrying; the last known policy stays in force',
          },
    )
    if (batch.inSync && !this.#inSync) this.#health.report('Calculation', { live: true, ready: true })
    this.#inSync ||= batch.inSync
    for (const change of batch.changes as readonly NodeChange[]) {
      const { kind } = change.type === 'put' ? change.item : change.key
      if ((configKinds as readonly string[]).includes(kind))
        this.#config.apply(change as Parameters<ConfigState['apply']>[0])
      this.#waiting.push(change)
    }
  }

  #reconfigured(): boolean {
    if (!this.#running) return false
    const { config } = this.#config.resolve()
    if (this.#identity(config) === this.#running.config) return false
    this.#ports.log.info('node.config.changed')
    return true
  }

  /** What the drivers and engines were opened with. */
  #identity(config: NodeConfig): string {
    return JSON.stringify([config, this.#ownRoutes(config)])
  }

  /** Without BGP nobody else would write the routes of pools that do not encapsulate. */
  #ownRoutes({ ProgramClusterRoutes: felix }: NodeConfig): Pick<TopologyOptions, 'programNoEncap' | 'programIpip'> {
    if (!this.#options.bgp)
      return { programNoEncap: felix === undefined || ['Enabled', 'EnabledNoEncapOnly'].includes(felix) }
    const { owners } = clusterRouteOwners({ felix, bgp: this.#config.bgpRoutes })
    return { programNoEncap: owners.noEncap === 'routing', programIpip: owners.ipip === 'routing' }
  }

  async #open(call: Call): Promise<Drivers> {
    const { log, meter, clock } = this.#ports
    const { config, problems } = this.#config.resolve()
    for (const problem of problems) log.warn('node.config.ignored', { problem })
    this.#options.onConfig?.(config)
    await using opening = new AsyncDisposableStack()
    const policy = opening.use(await this.#ports.openPolicyDataplane(config, call))
    const routing = opening.use(await this.#ports.openRoutingDataplane(config, call))
    const enforcer = createEnforcer({
      node: this.#options.name,
      engine: createPolicyEngine({
        node: this.#options.name,
        sourceSpoofing: config.WorkloadSourceSpoofing === 'Any',
        log,
      }),
      topology: createTopology({
        node: this.#options.name,
        ipv6: config.Ipv6Support,
        ...this.#ownRoutes(config),
        sourceSpoofing: config.WorkloadSourceSpoofing === 'Any',
      }),
      policy,
      routing,
      statuses: createEndpointStatusWriter(this.#ports.endpointStatusFiles(config)),
      health: this.#health,
      clock,
      log,
      meter,
    })
    this.#running = { enforcer, config: this.#identity(config), close: opening.move() }
    this.#watchKernel(routing, config, call)
    return this.#running
  }

  #watchKernel(routing: { changes(call: Call): AsyncIterable<unknown> }, config: NodeConfig, call: Call): void {
    this.#spawn(async () => {
      for await (const _ of routing.changes(call)) this.#events.push({ kind: 'interface' })
    }, call)
    this.#every('policy', config.NftablesRefreshInterval, call)
    this.#every('routing', config.RouteRefreshInterval, call)
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    const remedy = isRetryable(error) ? 'retrying' : 'retrying; the kernel keeps the last good state'
    this.#health.report('Dataplane', { live: true, ready: false, why, remedy })
    this.#ports.log.error('node.apply.failed', { error })
  }

  /** Follows the datastore; the next batch is asked for when the last one was taken, so changes coalesce there. */
  #pump(call: Call): void {
    this.#spawn(async () => {
      for await (const batch of followResources(this.#ports.datastore, followedKinds, this.#ports, call)) {
        await new Promise<void>((taken) => this.#events.push({ kind: 'batch', batch, taken }))
      }
    }, call)
  }

  #every(what: 'policy' | 'routing', intervalMs: number, call: Call): void {
    if (intervalMs <= 0) return
    this.#spawn(async () => {
      for (;;) {
        await this.#ports.clock.sleep(intervalMs * (1 + this.#ports.random.next() / 10), call)
        this.#events.push({ kind: 'due', what })
      }
    }, call)
  }

  #later(what: 'retry', wait: Promise<void>, call: Call): void {
    if (this.#retryPending) return
    this.#retryPending = true
    this.#spawn(async () => {
      await wait
      this.#events.push({ kind: 'due', what })
    }, call)
  }

  /** Runs beside the loop; what it throws ends the loop, except after the end. */
  #spawn(work: () => Promise<void>, { signal }: Call): void {
    work().catch((error: unknown) => {
      if (!signal.aborted) this.#events.push({ kind: 'failed', error })
    })
  }
}
