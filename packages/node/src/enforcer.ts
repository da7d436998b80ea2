import {
  emptyNat,
  isEmptyDelta,
  type NatProgram,
  type PolicyDataplane,
  type RoutingDataplane,
  type RoutingProgram,
} from '@tortie/dataplane'
import type { ResourceKey } from '@tortie/datastore'
import type { ResourceOf } from '@tortie/model'
import type { PolicyEngine } from '@tortie/policy'
import type { Call, Clock, Histogram, Log, Meter } from '@tortie/runtime'
import type { Topology } from '@tortie/topology'
import { type EndpointStatusWriter, statusFile } from './endpoint-status.ts'
import type { Health } from './health.ts'
import type { NodeChange } from './resources.ts'

export interface EnforcerParts {
  readonly node: string
  readonly engine: PolicyEngine
  readonly topology: Topology
  readonly policy: PolicyDataplane
  readonly routing: RoutingDataplane
  readonly statuses: EndpointStatusWriter
  readonly health: Health
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

/** Carries changes through calculation into the kernel, firewall first, then routes, then the endpoint's status. */
export interface Enforcer {
  accept(changes: readonly NodeChange[]): void
  /** Makes the kernel match. Throws what a driver threw; calling again retries everything that is missing. */
  enforce(call: Call): Promise<void>
  resyncPolicy(call: Call): Promise<void>
  resyncRouting(call: Call): Promise<void>
}

export function createEnforcer(parts: EnforcerParts): Enforcer {
  return new KernelEnforcer(parts)
}

class KernelEnforcer implements Enforcer {
  readonly #parts: EnforcerParts
  /** Endpoints that the firewall knows; one that the policy engine refuses is never reported up. */
  readonly #enforced = new Set<string>()
  readonly #local = new Map<string, ResourceOf<'WorkloadEndpoint'>>()
  readonly #applySeconds: Histogram
  #routing: RoutingProgram | undefined
  #nat: NatProgram = emptyNat
  #reported: ReadonlySet<string> = new Set()
  #policyBehind = true
  #routingBehind = true

  constructor(parts: EnforcerParts) {
    this.#parts = parts
    this.#applySeconds = parts.meter.histogram(
      'felix_int_dataplane_apply_time_seconds',
      'Time to make the kernel match one batch of changes',
    )
  }

  accept(changes: readonly NodeChange[]): void {
    const { engine, topology } = this.#parts
    for (const change of changes) {
      engine.apply(change)
      topology.apply(change)
      const { kind } = change.type === 'put' ? change.item : change.key
      if (kind === 'WorkloadEndpoint') this.#follow(change)
    }
  }

  async enforce(call: Call): Promise<void> {
    const { clock, engine, topology, policy, routing, health, log } = this.#parts
    const started = clock.monotonicMs()
    const delta = engine.flush()
    for (const [id, program] of delta.endpoints) {
      if (program) this.#enforced.add(id)
      else this.#enforced.delete(id)
    }
    const program = topology.flush()
    this.#report()
    if (program) {
      this.#policyBehind ||= JSON.stringify(program.nat) !== JSON.stringify(this.#nat)
      this.#routing = program
      this.#nat = program.nat
      this.#routingBehind = true
    }
    let changed = 0
    if (this.#policyBehind || !isEmptyDelta(delta)) {
      this.#policyBehind = true
      changed += (await policy.apply(delta, this.#nat, call)).changed
      this.#policyBehind = false
    }
    if (this.#routing && this.#routingBehind) {
      changed += (await routing.apply(this.#routing, call)).changed
      this.#routingBehind = false
    }
    const published = await this.#publish(call)
    if (changed + published > 0) {
      const seconds = (clock.monotonicMs() - started) / 1000
      this.#applySeconds.record(seconds)
      log.debug('node.applied', { changed, published, seconds })
    }
    health.report('Dataplane', { live: true, ready: true })
  }

  async resyncPolicy(call: Call): Promise<void> {
    const { drift } = await this.#parts.policy.resync(call)
    for (const { object, found } of drift) this.#parts.log.warn('node.drift.policy', { object, found })
  }

  async resyncRouting(call: Call): Promise<void> {
    const { drift } = await this.#parts.routing.resync(call)
    for (const { object, found } of drift) this.#parts.log.warn('node.drift.routing', { object, found })
    await this.#publish(call)
  }

  /** Objects that routing cannot take as they are stored, once each; the policy engine logs its own. */
  #report(): void {
    const { topology, log } = this.#parts
    const problems = topology.problems()
    for (const { object, why } of problems)
      if (!this.#reported.has(`${object}: ${why}`)) log.warn('node.object.unusable', { object, why })
    this.#reported = new Set(problems.map(({ object, why }) => `${object}: ${why}`))
  }

  #follow(change: NodeChange): void {
    if (change.type === 'put') {
      const endpoint = change.item as ResourceOf<'WorkloadEndpoint'>
      const id = endpointId(endpoint.metadata)
      if (endpoint.spec.node === this.#parts.node) this.#local.set(id, endpoint)
      else this.#local.delete(id)
    } else this.#local.delete(endpointId(change.key))
  }

  /** Only what the firewall enforces and the kernel can reach is reported up. */
  async #publish(call: Call): Promise<number> {
    const ready = this.#parts.routing.readyInterfaces()
    const files = [...this.#local]
      .filter(([id, { spec }]) => this.#enforced.has(id) && ready.has(spec.interfaceName ?? ''))
      .map(([, endpoint]) => statusFile(endpoint))
    return this.#parts.statuses.publish(new Map(files), call)
  }
}

function endpointId({ namespace, name }: Pick<ResourceKey, 'name' | 'namespace'>): string {
  return `${namespace}/${name}`
}
