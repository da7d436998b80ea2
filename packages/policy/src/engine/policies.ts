import type { PolicyId } from '@tortie/dataplane'
import { type GlobalNetworkPolicy, type NetworkPolicy, parseSelector, type Selector } from '@tortie/model'
import type { RuleSource } from '../compile/rules.ts'
import { policyScope } from '../compile/selectors.ts'
import type { LabelSet } from '../labels/label-set.ts'
import { Population } from '../labels/population.ts'
import type { Selection } from '../labels/selector-index.ts'
import { policyId, subjectOf } from '../resources/ids.ts'
import { attempt } from '../resources/rule-problem.ts'
import { readRules } from '../resources/shape.ts'
import { comparePlaces, type Governs, governedBy, type PolicyPlace, placeOf } from './order.ts'
import type { Problems } from './problems.ts'

type Policy = NetworkPolicy | GlobalNetworkPolicy

/** A policy as long as its resource is there; the resource inside is replaced. */
export interface PolicyRecord {
  readonly id: PolicyId
  resource: Policy
  place: PolicyPlace
  governs: Governs
  scope: string
  selection: Selection<LocalSlot, PolicyRecord> | undefined
}

/** A local endpoint and the policies that select it. */
interface LocalSlot {
  readonly policies: Set<PolicyRecord>
}

export interface PolicyListener {
  /** Other policies, or another order of them, for this endpoint. */
  endpointChanged(id: string): void
  /** The rules may be others, or the policy came or went. */
  rulesChanged(id: PolicyId): void
}

const unenforced = 'the policy is not enforced, because nobody can say whom it selects'
const unrestricted = 'the field does not restrict the policy'

/** All policies, and which of them select which local endpoints. */
export class Policies {
  readonly #listener: PolicyListener
  readonly #problems: Problems
  readonly #policies = new Map<PolicyId, PolicyRecord>()
  readonly #slots = new Map<string, LocalSlot>()
  readonly #population: Population<LocalSlot, PolicyRecord>

  constructor(listener: PolicyListener, problems: Problems) {
    this.#listener = listener
    this.#problems = problems
    this.#population = new Population({
      joined: (policy, { policies }, id) => {
        policies.add(policy)
        listener.endpointChanged(id)
      },
      left: (policy, { policies }, id) => {
        policies.delete(policy)
        listener.endpointChanged(id)
      },
    })
  }

  get size(): number {
    return this.#policies.size
  }

  get(id: PolicyId): PolicyRecord | undefined {
    return this.#policies.get(id)
  }

  put(resource: Policy): void {
    const id = policyId(resource.kind, resource.metadata)
    const known = this.#policies.get(id)
    const { text, ignored } = policyScope(resource)
    // PERF: most edits are of rules; then nobody asks again whom the policy selects.
    const isSameScope = known?.scope === text
    const selector = isSameScope ? undefined : this.#read(resource, text)
    this.#report(
      resource,
      'scope',
      unrestricted,
      ignored.map((field) => `spec.${field}: is no selector`),
    )
    if (!isSameScope && selector === undefined) {
      this.#drop(id)
      return
    }
    const place = placeOf(resource)
    const governs = governedBy(resource)
    const now = { resource, place, governs, scope: text }
    if (known) this.#replace(known, now)
    const policy = known ?? { id, ...now, selection: undefined }
    this.#policies.set(id, policy)
    if (selector) this.#select(policy, selector)
    this.#listener.rulesChanged(id)
  }

  delete(kind: Policy['kind'], metadata: { readonly name: string; readonly namespace?: string }): void {
    for (const part of ['selector', 'scope', 'rules']) this.#problems.set(subjectOf(kind, metadata), part, '', [])
    this.#drop(policyId(kind, metadata))
  }

  putEndpoint(id: string, labels: LabelSet, profiles: readonly string[]): void {
    const slot = this.#slots.get(id) ?? { policies: new Set() }
    this.#slots.set(id, slot)
    this.#population.put(id, { labels, profiles, payload: slot })
  }

  deleteEndpoint(id: string): void {
    this.#population.remove(id)
    this.#slots.delete(id)
  }

  setProfileLabels(profile: string, labels: LabelSet): void {
    this.#population.setProfileLabels(profile, labels)
  }

  /** Those that select the endpoint, in no order. */
  of(endpoint: string): Iterable<PolicyRecord> {
    return this.#slots.get(endpoint)?.policies ?? []
  }

  #replace(policy: PolicyRecord, now: Omit<PolicyRecord, 'id' | 'selection'>): void {
    const isMoved =
      now.place.tier !== policy.place.tier ||
      comparePlaces(now.place, policy.place) !== 0 ||
      now.governs.ingress !== policy.governs.ingress ||
      now.governs.egress !== policy.governs.egress
    Object.assign(policy, now)
    if (isMoved) for (const { id } of this.#selected(policy)) this.#listener.endpointChanged(id)
  }

  #select(policy: PolicyRecord, selector: Selector): void {
    this.#unselect(policy)
    policy.selection = this.#population.select(selector, policy)
  }

  #drop(id: PolicyId): void {
    const policy = this.#policies.get(id)
    if (policy === undefined) return
    this.#policies.delete(id)
    this.#unselect(policy)
    this.#listener.rulesChanged(id)
  }

  #unselect(policy: PolicyRecord): void {
    for (const { id, payload } of this.#selected(policy)) {
      payload.policies.delete(policy)
      this.#listener.endpointChanged(id)
    }
    if (policy.selection) this.#population.unselect(policy.selection)
    policy.selection = undefined
  }

  #selected({ selection }: PolicyRecord): Iterable<{ readonly id: string; readonly payload: LocalSlot }> {
    return selection ? this.#population.selected(selection) : []
  }

  #read(resource: Policy, text: string): Selector | undefined {
    let selector: Selector | undefined
    const problem = attempt('spec.selector', () => {
      selector = parseSelector(text)
    })
    this.#report(resource, 'selector', unenforced, problem === undefined ? [] : [problem])
    return selector
  }

  #report({ kind, metadata }: Policy, part: string, effect: string, reasons: readonly string[]): void {
    this.#problems.set(subjectOf(kind, metadata), part, effect, reasons)
  }
}

/** Rules for a direction that the policy does not govern are ignored (spec 02 §2.2). */
export function rulesOf({ resource, governs }: PolicyRecord): RuleSource {
  return {
    namespace: resource.kind === 'NetworkPolicy' ? resource.metadata.namespace : undefined,
    ingress: governs.ingress ? readRules(resource.spec.ingress) : [],
    egress: governs.egress ? readRules(resource.spec.egress) : [],
  }
}
