import type { EndpointId, EndpointProgram, PolicyDelta, PolicyId, PolicyProgram, PolicyRules } from '@tortie/dataplane'
import type { AnyResource, Kind, Profile, ResourceOf, Tier, WorkloadEndpoint } from '@tortie/model'
import type { PolicyChange } from '../change.ts'
import { IpSetIds } from '../compile/ip-set.ts'
import { type CompiledRules, compileRules } from '../compile/rules.ts'
import { labelSet, noLabels } from '../labels/label-set.ts'
import { viewEndpoint } from '../resources/endpoint-view.ts'
import { namespacedName, profileId, subjectOf } from '../resources/ids.ts'
import { viewNetworkSet } from '../resources/network-set-view.ts'
import { readResource } from '../resources/shape.ts'
import { ActiveSets } from '../sets/active-sets.ts'
import { type Holder, storable } from '../sets/holder.ts'
import { ActiveRules } from './active-rules.ts'
import { endpointProgram, LocalEndpoints, referencesOf } from './endpoints.ts'
import type { PolicyEngineOptions } from './engine.ts'
import { createGauges, type Gauges } from './gauges.ts'
import { Policies, rulesOf } from './policies.ts'
import { Problems } from './problems.ts'
import { findProfile, profileRules } from './profiles.ts'
import { Table } from './table.ts'

const noReferences: ReadonlySet<PolicyId> = new Set()

/** Everything the engine knows. `accept` marks what a change concerns, `flush` calculates what is marked. */
export class EngineState {
  readonly problems: Problems
  readonly #options: PolicyEngineOptions
  readonly #gauges: Gauges
  /** What is there of each kind, by `namespacedName`, for snapshots. */
  readonly #known = new Map<Kind, Set<string>>()
  readonly #tiers = new Map<string, Tier>()
  readonly #profiles = new Map<string, Profile>()
  readonly #policies: Policies
  readonly #local: LocalEndpoints
  readonly #sets = new ActiveSets()
  readonly #rules: ActiveRules
  readonly #ids = new IpSetIds()
  readonly #sentPolicies = new Table<PolicyRules>()
  readonly #sentEndpoints = new Table<EndpointProgram>()
  readonly #references = new Map<EndpointId, ReadonlySet<PolicyId>>()
  readonly #dirtyEndpoints = new Set<EndpointId>()
  readonly #handlers: Handlers

  constructor(options: PolicyEngineOptions) {
    this.#options = options
    this.#gauges = createGauges(options.meter)
    this.problems = new Problems(options.log)
    const endpointChanged = (id: EndpointId): void => void this.#dirtyEndpoints.add(id)
    this.#local = new LocalEndpoints(endpointChanged)
    this.#rules = new ActiveRules({
      compile: (id) => this.#compile(id),
      isAlwaysWanted: (id) =>
        this.#policies.get(id)?.resource.spec.performanceHints?.includes('AssumeNeededOnEveryNode') ?? false,
      table: this.#sentPolicies,
      sets: this.#sets,
    })
    this.#policies = new Policies({ endpointChanged, rulesChanged: (id) => this.#rules.touch(id) }, this.problems)
    this.#handlers = {
      WorkloadEndpoint: { put: (item, id) => this.#putEndpoint(item, id), delete: (id) => this.#deleteEndpoint(id) },
      NetworkPolicy: this.#policyHandler('NetworkPolicy'),
      GlobalNetworkPolicy: this.#policyHandler('GlobalNetworkPolicy'),
      Tier: { put: (item, name) => this.#setTier(name, item), delete: (name) => this.#setTier(name, undefined) },
      Profile: {
        put: (item, name) => this.#setProfile(name, item),
        delete: (name) => this.#setProfile(name, undefined),
      },
      NetworkSet: this.#networkSetHandler('NetworkSet'),
      GlobalNetworkSet: this.#networkSetHandler('GlobalNetworkSet'),
    }
  }

  accept(change: PolicyChange): void {
    if (change.type === 'put') this.#put(change.item)
    else if (change.type === 'delete') this.#delete(change.key.kind, namespacedName(change.key))
    else {
      const gone = new Set(this.#known.get(change.kind))
      for (const item of change.items) {
        gone.delete(namespacedName(item.metadata))
        this.#put(item)
      }
      for (const id of gone) this.#delete(change.kind, id)
    }
  }

  flush(): PolicyDelta {
    for (const id of this.#dirtyEndpoints) this.#resolve(id)
    this.#dirtyEndpoints.clear()
    this.#rules.update()
    const delta: PolicyDelta = {
      ipSets: this.#sets.flush(),
      policies: this.#sentPolicies.flush(),
      endpoints: this.#sentEndpoints.flush(),
    }
    this.#gauges.report({
      activeEndpoints: this.#sentEndpoints.size,
      activePolicies: this.#sentPolicies.size,
      activeSelectors: this.#sets.size,
      endpoints: this.#known.get('WorkloadEndpoint')?.size ?? 0,
      policies: this.#policies.size,
      profiles: this.#profiles.size,
      tiers: this.#tiers.size,
    })
    return delta
  }

  program(): PolicyProgram {
    return {
      ipSets: this.#sets.sent(),
      policies: this.#sentPolicies.sent(),
      endpoints: this.#sentEndpoints.sent(),
    }
  }

  #put(item: AnyResource): void {
    const handler = handlerOf(this.#handlers, item.kind)
    if (handler === undefined) return
    const id = namespacedName(item.metadata)
    const known = this.#known.get(item.kind)
    if (known) known.add(id)
    else this.#known.set(item.kind, new Set([id]))
    const read = readResource(item)
    this.problems.set(
      `${item.kind}(${id})`,
      'shape',
      'it is as if it were not there',
      'problem' in read ? [read.problem] : [],
    )
    if ('item' in read) handler.put(read.item, id)
    else handler.delete(id)
  }

  #delete(kind: Kind, id: string): void {
    if (!this.#known.get(kind)?.delete(id)) return
    this.problems.set(`${kind}(${id})`, 'shape', '', [])
    handlerOf(this.#handlers, kind)?.delete(id)
  }

  #putEndpoint(endpoint: WorkloadEndpoint, id: EndpointId): void {
    const viewed = viewEndpoint(endpoint, { sourceSpoofing: this.#options.sourceSpoofing ?? false })
    const problems = 'problem' in viewed ? [viewed.problem] : []
    this.problems.set(`WorkloadEndpoint(${id})`, 'endpoint', withoutPolicy, problems)
    if ('problem' in viewed) {
      this.#removeEndpoint(id)
      return
    }
    const { view } = viewed
    const labels = labelSet(view.labels)
    this.#sets.putHolder(id, labels, view.profiles, { nets: view.addresses, ports: view.ports })
    if (endpoint.spec.node === this.#options.node) {
      this.#local.put(id, view)
      this.#policies.putEndpoint(id, labels, view.profiles)
    } else this.#removeLocal(id)
  }

  #deleteEndpoint(id: EndpointId): void {
    this.problems.set(`WorkloadEndpoint(${id})`, 'endpoint', '', [])
    this.#removeEndpoint(id)
  }

  #removeEndpoint(id: EndpointId): void {
    this.#sets.deleteHolder(id)
    this.#removeLocal(id)
  }

  #removeLocal(id: EndpointId): void {
    if (this.#local.get(id) === undefined) return
    this.#local.delete(id)
    this.#policies.deleteEndpoint(id)
  }

  #policyHandler<K extends 'NetworkPolicy' | 'GlobalNetworkPolicy'>(kind: K): Handler<K> {
    return {
      put: (item) => this.#policies.put(item),
      delete: (id) => this.#policies.delete(kind, namesOf(id)),
    }
  }

  #setTier(name: string, tier: Tier | undefined): void {
    if (tier) this.#tiers.set(name, tier)
    else this.#tiers.delete(name)
    for (const id of this.#local.ids()) this.#dirtyEndpoints.add(id)
  }

  #setProfile(name: string, profile: Profile | undefined): void {
    if (profile) this.#profiles.set(name, profile)
    else {
      this.#profiles.delete(name)
      this.problems.set(subjectOf('Profile', { name }), 'rules', '', [])
    }
    const labels = profile ? labelSet(profile.spec.labelsToApply ?? {}) : noLabels
    this.#policies.setProfileLabels(name, labels)
    this.#sets.setProfileLabels(name, labels)
    this.#rules.touch(profileId(name))
  }

  #networkSetHandler<K extends 'NetworkSet' | 'GlobalNetworkSet'>(kind: K): Handler<K> {
    return {
      put: (item, id) => {
        const { nets, labels, profiles, problems } = viewNetworkSet(item)
        this.problems.set(`${kind}(${id})`, 'nets', 'the entry is left out', problems)
        const holder: Holder = { nets: nets.flatMap(storable), ports: [] }
        this.#sets.putHolder(`${kind} ${id}`, labelSet(labels), profiles, holder)
      },
      delete: (id) => {
        this.problems.set(`${kind}(${id})`, 'nets', '', [])
        this.#sets.deleteHolder(`${kind} ${id}`)
      },
    }
  }

  #resolve(id: EndpointId): void {
    const view = this.#local.get(id)
    const shadow = view && this.#local.shadowedBy(id)
    const reasons = shadow === undefined ? [] : [`spec.interfaceName: ${view?.interface} belongs to ${shadow} already`]
    this.problems.set(`WorkloadEndpoint(${id})`, 'interface', withoutPolicy, reasons)
    const isEnforced = view !== undefined && shadow === undefined
    const program = isEnforced ? endpointProgram(view, this.#policies.of(id), this.#tiers) : undefined
    const references = referencesOf(program)
    this.#rules.refer(this.#references.get(id) ?? noReferences, references)
    if (references.size > 0) this.#references.set(id, references)
    else this.#references.delete(id)
    this.#sentEndpoints.set(id, program ?? null)
  }

  #compile(id: PolicyId): CompiledRules {
    const policy = this.#policies.get(id)
    const name = id.slice(id.indexOf('/') + 1)
    const source = policy ? rulesOf(policy) : profileRules(findProfile(this.#profiles, name))
    const compiled = compileRules(source, this.#ids)
    const subject = policy ? subjectOf(policy.resource.kind, policy.resource.metadata) : subjectOf('Profile', { name })
    const problems = compiled.problems.map((problem) => `spec.${problem}`)
    this.problems.set(subject, 'rules', 'a rule that denies everything stands in its place', problems)
    return compiled
  }
}

const withoutPolicy = 'the endpoint has no part in policy; on its own node all its traffic is dropped'

type PolicyRelevantKind =
  | 'WorkloadEndpoint'
  | 'NetworkPolicy'
  | 'GlobalNetworkPolicy'
  | 'Tier'
  | 'Profile'
  | 'NetworkSet'
  | 'GlobalNetworkSet'

/** `id` is the resource's `namespacedName`. */
interface Handler<K extends Kind = Kind> {
  put(item: ResourceOf<K>, id: string): void
  delete(id: string): void
}

type Handlers = { readonly [K in PolicyRelevantKind]: Handler<K> }

function handlerOf(handlers: Handlers, kind: Kind): Handler | undefined {
  return Object.hasOwn(handlers, kind) ? (handlers[kind as PolicyRelevantKind] as Handler) : undefined
}

function namesOf(id: string): { readonly name: string; readonly namespace?: string } {
  const slash = id.indexOf('/')
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) }
}
