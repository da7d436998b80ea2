import {
  checkEndpoint,
  checkPolicy,
  DataplaneError,
  type EndpointProgram,
  emptyNat,
  type IpSetId,
  ipSetsOf,
  type NatProgram,
  type PolicyDelta,
  type PolicyId,
  type PolicyRules,
  policiesOf,
} from '@tortie/dataplane'
import type { NftConfig } from '../config.ts'
import { Endpoints } from './endpoints.ts'
import { IpSets } from './ip-sets.ts'
import { Lists } from './lists.ts'
import { compileNat, type NatRuleset } from './nat.ts'
import { denyAction } from './policy-list.ts'
import { skeletonChains, skeletonSets } from './skeleton.ts'
import type { Wanted } from './wanted.ts'

/** Keeps `Wanted` equal to a policy program that changes by deltas. Work follows what changed, not what is there. */
export class Renderer {
  readonly #wanted: Wanted
  readonly #config: NftConfig
  readonly #ipSets: IpSets
  readonly #endpoints: Endpoints
  readonly #lists: Lists
  readonly #policies = new Map<PolicyId, PolicyRules>()
  readonly #policiesOfSet = new Map<IpSetId, Set<PolicyId>>()
  readonly #endpointsOfPolicy = new Map<PolicyId, number>()
  #nat: NatProgram = emptyNat
  #natRuleset: NatRuleset = { chains: [], sets: [] }

  constructor(wanted: Wanted, config: NftConfig) {
    this.#wanted = wanted
    this.#config = config
    this.#ipSets = new IpSets(wanted)
    this.#endpoints = new Endpoints(wanted)
    this.#lists = new Lists(wanted, config, {
      policy: (id) => this.#policies.get(id) ?? { ingress: [], egress: [] },
      shapeOf: this.#ipSets.shapeOf,
    })
    for (const set of skeletonSets(config)) wanted.retainSet(set)
    for (const chain of skeletonChains(config, denyAction(config))) wanted.retainChain(chain)
  }

  /** @throws DataplaneError when the delta does not fit; nothing is changed then */
  apply(delta: PolicyDelta, nat: NatProgram): void {
    this.#ipSets.check(delta.ipSets)
    for (const [id, rules] of delta.policies) if (rules) checkPolicy(id, rules)
    for (const [id, program] of delta.endpoints) if (program) checkEndpoint(id, program)
    this.#checkReferences(delta)
    const reshaped = this.#ipSets.apply(delta.ipSets)
    const stale = new Set<PolicyId>()
    for (const [id, rules] of delta.policies) if (this.#setPolicy(id, rules)) stale.add(id)
    for (const set of reshaped) for (const id of this.#policiesOfSet.get(set) ?? []) stale.add(id)
    const before = [...delta.endpoints.keys()].flatMap((id) => this.#endpoints.get(id) ?? [])
    const after = [...delta.endpoints.values()].flatMap((program) => program ?? [])
    const interfaces = this.#endpoints.apply(delta.endpoints)
    for (const program of after) this.#count(program, 1)
    for (const program of before) this.#count(program, -1)
    this.#lists.recompile(stale)
    for (const program of after) this.#lists.retain(program)
    for (const name of interfaces) this.#endpoints.refresh(name, this.#lists.nameOf)
    for (const program of before) this.#lists.release(program)
    this.#setNat(nat)
  }

  #setPolicy(id: PolicyId, rules: PolicyRules | null): boolean {
    const before = this.#policies.get(id)
    if (before) for (const set of ipSetsOf(before)) this.#policiesOfSet.get(set)?.delete(id)
    if (!rules) {
      this.#policies.delete(id)
      return false
    }
    this.#policies.set(id, rules)
    for (const set of ipSetsOf(rules)) {
      const ids = this.#policiesOfSet.get(set) ?? new Set()
      this.#policiesOfSet.set(set, ids.add(id))
    }
    return true
  }

  #count(program: EndpointProgram, by: number): void {
    for (const id of policiesOf(program)) {
      const count = (this.#endpointsOfPolicy.get(id) ?? 0) + by
      if (count > 0) this.#endpointsOfPolicy.set(id, count)
      else this.#endpointsOfPolicy.delete(id)
    }
  }

  #setNat(nat: NatProgram): void {
    if (JSON.stringify(nat) === JSON.stringify(this.#nat)) return
    const before = this.#natRuleset
    this.#nat = nat
    this.#natRuleset = compileNat(nat, this.#config)
    for (const set of this.#natRuleset.sets) this.#wanted.retainSet(set)
    for (const chain of this.#natRuleset.chains) this.#wanted.retainChain(chain)
    for (const { name } of before.chains) this.#wanted.releaseChain(name)
    for (const { name } of before.sets) this.#wanted.releaseSet(name)
  }

  /** After the delta every reference holds, seen from what it adds and from what it takes away. */
  #checkReferences({ ipSets, policies, endpoints }: PolicyDelta): void {
    const dangling = (from: string, to: string) => new DataplaneError('dataplane/dangling-reference', { from, to })
    const hasSet = (id: IpSetId): boolean => {
      const change = ipSets.get(id)
      return change ? change.op !== 'remove' : this.#ipSets.has(id)
    }
    const hasPolicy = (id: PolicyId): boolean => {
      const change = policies.get(id)
      return change === undefined ? this.#policies.has(id) : change !== null
    }
    for (const [id, rules] of policies)
      if (rules) for (const set of ipSetsOf(rules)) if (!hasSet(set)) throw dangling(`policy ${id}`, `IP set ${set}`)
    for (const [id, program] of endpoints)
      if (program)
        for (const policy of policiesOf(program))
          if (!hasPolicy(policy)) throw dangling(`endpoint ${id}`, `policy ${policy}`)
    for (const [id, change] of ipSets) {
      if (change.op !== 'remove') continue
      for (const policy of this.#policiesOfSet.get(id) ?? [])
        if (!policies.has(policy)) throw dangling(`policy ${policy}`, `IP set ${id}`)
    }
    for (const [id, rules] of policies) {
      if (rules || !this.#endpointsOfPolicy.has(id)) continue
      for (const [endpoint, program] of this.#endpoints.all())
        if (!endpoints.has(endpoint) && policiesOf(program).has(id))
          throw dangling(`endpoint ${endpoint}`, `policy ${id}`)
    }
  }
}
