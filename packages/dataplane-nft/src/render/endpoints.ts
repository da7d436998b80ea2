import type { EndpointId, EndpointProgram } from '@tortie/dataplane'
import { type Family, formatAddress, formatPrefix, mergePrefixes, parsePrefix } from '@tortie/ip'
import type { ListName } from './lists.ts'
import type { Verdict } from './ruleset.ts'
import { closed, dispatch, sourceCheck } from './skeleton.ts'
import type { Element, Wanted } from './wanted.ts'

const families = [4, 6] as const
const directions = ['ingress', 'egress'] as const

/** What one interface puts into the maps and sets of the skeleton. */
type Entries = readonly (readonly [set: string, key: string, element: Element])[]

/** Interfaces of workloads: of several endpoints with one interface name the smallest id counts (spec 02 §4.6). */
export class Endpoints {
  readonly #wanted: Wanted
  readonly #programs = new Map<EndpointId, EndpointProgram>()
  readonly #byInterface = new Map<string, Set<EndpointId>>()
  readonly #entries = new Map<string, Entries>()

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  get(id: EndpointId): EndpointProgram | undefined {
    return this.#programs.get(id)
  }

  all(): ReadonlyMap<EndpointId, EndpointProgram> {
    return this.#programs
  }

  /** Returns the interfaces that may have changed; `refresh` each when the lists of their endpoints are there. */
  apply(delta: ReadonlyMap<EndpointId, EndpointProgram | null>): Set<string> {
    const touched = new Set<string>()
    for (const [id, program] of delta) {
      const before = this.#programs.get(id)
      if (before) {
        this.#byInterface.get(before.interface)?.delete(id)
        touched.add(before.interface)
      }
      if (!program) {
        this.#programs.delete(id)
        continue
      }
      this.#programs.set(id, program)
      const ids = this.#byInterface.get(program.interface) ?? new Set()
      this.#byInterface.set(program.interface, ids.add(id))
      touched.add(program.interface)
    }
    return touched
  }

  /** The endpoint that an interface belongs to. */
  owner(name: string): EndpointProgram | undefined {
    const [first] = [...(this.#byInterface.get(name) ?? [])].sort()
    return first === undefined ? undefined : this.#programs.get(first)
  }

  refresh(name: string, listOf: ListName): void {
    const owner = this.owner(name)
    const before = this.#entries.get(name) ?? []
    const after = owner ? entriesOf(owner, listOf) : []
    const stays = new Set(after.map(([set, key]) => `${set} ${key}`))
    for (const [set, key] of before) if (!stays.has(`${set} ${key}`)) this.#wanted.setElement(set, key, undefined)
    for (const [set, key, element] of after) this.#wanted.setElement(set, key, element)
    if (owner) this.#entries.set(name, after)
    else {
      this.#entries.delete(name)
      this.#byInterface.delete(name)
    }
  }
}

function verdict(action: { readonly do: string; readonly verdict?: Verdict }): Verdict {
  return action.verdict ?? { go: 'drop' }
}

function entriesOf(program: EndpointProgram, listOf: ListName): Entries {
  const { interface: name, active } = program
  const entries: (readonly [string, string, Element])[] = [
    [dispatch.guard, name, active ? { go: 'goto', chain: sourceCheck } : { go: 'drop' }],
    [dispatch.workloads, name, null],
  ]
  for (const family of families) {
    for (const direction of directions) {
      const list = listOf(program, direction, family)
      const to: Verdict = list === undefined ? verdict(closed) : { go: 'goto', chain: list }
      entries.push([dispatch[direction], `${family} ${name}`, to])
    }
    if (active) entries.push(...sourceEntries(program, family))
  }
  return entries
}

function sourceEntries({ interface: name, addresses, spoofablePrefixes }: EndpointProgram, family: Family): Entries {
  const ofFamily = (texts: readonly string[]) => texts.map(parsePrefix).filter((prefix) => prefix.family === family)
  return [
    ...ofFamily(addresses).map(
      (address) => [dispatch.sources[family], `${name} ${formatAddress(address)}`, null] as const,
    ),
    ...mergePrefixes(ofFamily(spoofablePrefixes)).map(
      (prefix) => [dispatch.spoofable[family], `${name} ${formatPrefix(prefix)}`, null] as const,
    ),
  ]
}

/** Whether an endpoint can have traffic of the family at all. */
export function hasFamily({ addresses, spoofablePrefixes }: EndpointProgram, family: Family): boolean {
  return [...addresses, ...spoofablePrefixes].some((text) => text.includes(':') === (family === 6))
}
