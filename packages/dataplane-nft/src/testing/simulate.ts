import type { Flow } from '@tortie/dataplane'
import { type Address, containsAddress, type Family, isAddress, parseAddress, parsePrefix } from '@tortie/ip'
import type { Action, MapKey, RuleSpec, SetField, Term, Verdict } from '../render/ruleset.ts'
import type { Wanted, WantedSet } from '../render/wanted.ts'

/** A new connection's first packet on its way through the node. */
export interface Passage {
  readonly flow: Flow
  readonly in: string
  readonly out: string
}

interface Packet extends Passage {
  readonly family: Family
  readonly source: Address
  readonly destination: Address
}

export interface Outcome {
  readonly passed: boolean
  /** Rules looked at, lookups in maps included. */
  readonly visited: number
  readonly logs: readonly string[]
}

/** What nf_tables would do, from the abstract ruleset: to compare compilers with the interpreter without a kernel. */
export function simulate(wanted: Wanted, passage: Passage): Outcome {
  const source = parseAddress(passage.flow.source)
  const packet = { ...passage, family: source.family, source, destination: parseAddress(passage.flow.destination) }
  const run = new Run(wanted, packet)
  const passed = ['guard', 'egress', 'ingress'].every((name) => run.chain(name, 0) !== 'drop')
  return { passed, visited: run.visited, logs: run.logs }
}

type End = 'accept' | 'drop' | 'end'

class Run {
  visited = 0
  readonly logs: string[] = []
  readonly #wanted: Wanted
  readonly #packet: Packet

  constructor(wanted: Wanted, packet: Packet) {
    this.#wanted = wanted
    this.#packet = packet
  }

  chain(name: string, depth: number): End {
    if (depth > 15) throw new Error(`jump stack overflows at ${name}`)
    const chain = this.#wanted.chains.get(name)
    if (!chain) throw new Error(`no chain ${name}`)
    for (const rule of chain.spec.rules) {
      this.visited++
      if (!rule.terms.every((term) => this.#holds(term))) continue
      const end = this.#act(rule, depth)
      if (end === 'return') return 'end'
      if (end !== 'continue') return end
    }
    return 'end'
  }

  #act({ action, origin }: RuleSpec, depth: number): End | 'return' | 'continue' {
    if (action.do === 'reject') return 'drop'
    if (action.do === 'log') {
      this.logs.push(origin ?? '')
      return 'continue'
    }
    const verdict = verdictOf(action, (key, map) => this.#lookup(key, map))
    if (!verdict) return 'continue'
    if (verdict.go !== 'jump' && verdict.go !== 'goto') return verdict.go
    const end = this.chain(verdict.chain, depth + 1)
    return end !== 'end' ? end : verdict.go === 'jump' ? 'continue' : 'return'
  }

  #lookup(key: MapKey, map: string): Verdict | undefined {
    const set = this.#set(map)
    const { flow, family } = this.#packet
    if (key.by === 'protocol') return find(set, [flow.protocol]) ?? undefined
    if (key.by === 'protocol-port') return find(set, [flow.protocol, flow.destinationPort ?? -1]) ?? undefined
    if (key.by === 'address')
      return key.family === family ? (find(set, [this.#packet[key.side]]) ?? undefined) : undefined
    const name = this.#packet[key.way]
    return find(set, key.by === 'interface' ? [name] : [family, name]) ?? undefined
  }

  #set(name: string): WantedSet {
    const set = this.#wanted.sets.get(name)
    if (!set) throw new Error(`no set ${name}`)
    return set
  }

  #holds(term: Term): boolean {
    const holds = this.#isTrue(term)
    return holds !== undefined && holds !== ('not' in term && term.not === true)
  }

  /** undefined: the packet has no such thing, so neither the term nor its negation holds. */
  #isTrue(term: Term): boolean | undefined {
    const { flow, family } = this.#packet
    const port = (side: 'source' | 'destination'): number | undefined =>
      side === 'source' ? flow.sourcePort : flow.destinationPort
    const has = (set: string, values: readonly Value[]): boolean => find(this.#set(set), values) !== undefined
    switch (term.is) {
      case 'protocol':
        return flow.protocol === term.protocol
      case 'protocol-in':
        return has(term.set, [flow.protocol])
      case 'net': {
        const net = parsePrefix(term.net)
        return net.family === family ? containsAddress(net, this.#packet[term.side]) : undefined
      }
      case 'address-in':
        return term.family === family ? has(term.set, [this.#packet[term.side]]) : undefined
      case 'ports': {
        const number = port(term.side)
        return number === undefined ? undefined : term.first <= number && number <= term.last
      }
      case 'port-in': {
        const number = port(term.side)
        return number === undefined ? undefined : has(term.set, [number])
      }
      case 'address-port-in':
        return term.family === family
          ? has(term.set, [this.#packet[term.side], flow.protocol, port(term.side) ?? -1])
          : undefined
      case 'icmp':
        if (flow.icmpType === undefined) return undefined
        return flow.icmpType === term.type && (term.code === undefined || flow.icmpCode === term.code)
      case 'icmp-type-in':
        return flow.icmpType === undefined ? undefined : has(term.set, [flow.icmpType])
      case 'interface':
        return this.#packet[term.way].startsWith(term.prefix)
      case 'interface-in':
        return has(term.set, [this.#packet[term.way]])
      case 'interface-source-in':
        return term.family === family ? has(term.set, [this.#packet.in, this.#packet.source]) : undefined
      case 'connection':
        return false
      case 'route-back':
        return true
    }
  }
}

function verdictOf(action: Action, lookup: (key: MapKey, map: string) => Verdict | undefined): Verdict | undefined {
  if (action.do === 'verdict') return action.verdict
  return action.do === 'map' ? lookup(action.key, action.map) : undefined
}

type Value = string | number | Address

function find({ header, elements }: WantedSet, values: readonly Value[]): Verdict | null | undefined {
  for (const [key, element] of elements) {
    const parts = key.split(' ')
    if (header.fields.every((field, index) => holds(field, parts[index] ?? '', values[index]))) return element
  }
  return undefined
}

function holds(field: SetField, text: string, value: Value | undefined): boolean {
  if (typeof value === 'string' || value === undefined) return text === value
  if (typeof value === 'number') {
    const [first = '', last = first] = text.split('-')
    return Number(first) <= value && value <= Number(last)
  }
  if ((field === 'ipv4') !== (value.family === 4)) throw new Error(`${field} is asked with IPv${value.family}`)
  const [first = '', last] = text.split('-')
  if (last !== undefined) return parseAddress(first).value <= value.value && value.value <= parseAddress(last).value
  return isAddress(text) ? parseAddress(text).value === value.value : containsAddress(parsePrefix(text), value)
}
