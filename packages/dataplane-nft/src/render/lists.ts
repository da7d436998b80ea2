import type { Direction, EndpointProgram, IpSetId, PolicyId, PolicyRules } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import type { NftConfig } from '../config.ts'
import { hasFamily } from './endpoints.ts'
import type { SetShape } from './lower.ts'
import {
  type Bundle,
  compileList,
  compilePolicy,
  denyAction,
  type PolicyList,
  type PolicyListContext,
} from './policy-list.ts'
import { preamble } from './skeleton.ts'
import type { Wanted } from './wanted.ts'

/** Name of the chain for an endpoint's packets; undefined when all of them are denied. */
export type ListName = (program: EndpointProgram, direction: Direction, family: Family) => string | undefined

export interface ListSources {
  policy(id: PolicyId): PolicyRules
  shapeOf(id: IpSetId, family: Family): SetShape
}

interface Entry {
  bundle: Bundle
  readonly compile: () => Bundle
  readonly direction: Direction
  readonly family: Family
  uses: number
}

const families = [4, 6] as const
const directions = ['ingress', 'egress'] as const

/** Compiled lists of tiers and profiles, shared by the endpoints that have the same, and chains of large policies. */
export class Lists {
  readonly #wanted: Wanted
  readonly #contexts: Record<Direction, Record<Family, PolicyListContext>>
  readonly #entries = new Map<string, Entry>()
  readonly #byPolicy = new Map<PolicyId, Set<string>>()

  constructor(wanted: Wanted, config: NftConfig, sources: ListSources) {
    this.#wanted = wanted
    const deny = denyAction(config)
    const context = (direction: Direction, family: Family): PolicyListContext => ({
      config,
      direction,
      family,
      deny,
      preamble: preamble(direction, config, deny),
      policy: sources.policy,
      shapeOf: sources.shapeOf,
    })
    const both = (direction: Direction) => ({ 4: context(direction, 4), 6: context(direction, 6) })
    this.#contexts = { ingress: both('ingress'), egress: both('egress') }
  }

  nameOf: ListName = (program, direction, family) => {
    const key = listKey(program, direction, family)
    return key === undefined ? undefined : this.#entries.get(key)?.bundle.entry
  }

  retain(program: EndpointProgram): void {
    for (const direction of directions) {
      for (const family of families) {
        const key = listKey(program, direction, family)
        if (key === undefined) continue
        const list: PolicyList = { tiers: program[direction], profiles: program.profiles }
        const context = this.#contexts[direction][family]
        this.#retain(key, direction, family, () => compileList(list, key, context))
      }
    }
  }

  release(program: EndpointProgram): void {
    for (const direction of directions) {
      for (const family of families) {
        const key = listKey(program, direction, family)
        if (key !== undefined) this.#release(key)
      }
    }
  }

  /** Writes anew what was made from these policies. */
  recompile(policies: ReadonlySet<PolicyId>): void {
    const stale = new Set([...policies].flatMap((id) => [...(this.#byPolicy.get(id) ?? [])]))
    for (const key of stale) {
      const entry = this.#entries.get(key)
      if (!entry) continue
      const before = entry.bundle
      entry.bundle = entry.compile()
      this.#install(key, entry)
      this.#uninstall(key, entry, before)
    }
  }

  #retain(key: string, direction: Direction, family: Family, compile: () => Bundle): void {
    const known = this.#entries.get(key)
    if (known) {
      known.uses++
      return
    }
    const entry: Entry = { bundle: compile(), compile, direction, family, uses: 1 }
    this.#entries.set(key, entry)
    this.#install(key, entry)
  }

  #release(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry || --entry.uses > 0) return
    this.#entries.delete(key)
    this.#uninstall(key, entry, entry.bundle)
  }

  #install(key: string, { bundle, direction, family }: Entry): void {
    for (const id of bundle.policies) {
      const keys = this.#byPolicy.get(id) ?? new Set()
      this.#byPolicy.set(id, keys.add(key))
    }
    for (const id of bundle.largePolicies) {
      const context = this.#contexts[direction][family]
      this.#retain(largeKey(id, direction, family), direction, family, () => compilePolicy(id, context))
    }
    for (const set of bundle.sets) this.#wanted.retainSet(set)
    for (const chain of bundle.chains) this.#wanted.retainChain(chain)
  }

  #uninstall(key: string, { direction, family }: Entry, bundle: Bundle): void {
    const current = this.#entries.get(key)?.bundle
    for (const id of bundle.policies) {
      if (current?.policies.has(id)) continue
      const keys = this.#byPolicy.get(id)
      keys?.delete(key)
      if (keys?.size === 0) this.#byPolicy.delete(id)
    }
    for (const { name } of bundle.chains) this.#wanted.releaseChain(name)
    for (const { name } of bundle.sets) this.#wanted.releaseSet(name)
    for (const id of bundle.largePolicies) this.#release(largeKey(id, direction, family))
  }
}

/** undefined: no list, everything is denied. */
function listKey(program: EndpointProgram, direction: Direction, family: Family): string | undefined {
  if (!program.active || !hasFamily(program, family)) return undefined
  return JSON.stringify([direction, family, program[direction], program.profiles])
}

function largeKey(id: PolicyId, direction: Direction, family: Family): string {
  return `${direction} ${family} ${id}`
}
