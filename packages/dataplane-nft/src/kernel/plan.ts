import {
  type Chain,
  createChain,
  createTable,
  createTransaction,
  type TableRef,
  type Transaction,
} from '@tortie/nftables'
import type { ChainSpec } from '../render/ruleset.ts'
import { type Element, sameElement, type Wanted } from '../render/wanted.ts'
import type { Divergence } from './divergence.ts'
import { encodeRule } from './rules.ts'
import { type Entry, encodeElements, encodeSet } from './sets.ts'

export interface Plan {
  readonly transaction: Transaction
  /** Chains, sets and elements that it writes or removes. */
  readonly changed: number
}

/**
 * One transaction that makes the kernel as wanted, in an order in which nothing ever dangles: things come before what
 * refers to them and go after it.
 */
export function plan(table: TableRef, wanted: Wanted, divergence: Divergence): Plan {
  const planner = new Planner(table, wanted)
  return divergence.rebuild ? planner.rebuild() : planner.change(divergence)
}

export function encodeChain(table: TableRef, { name, base }: ChainSpec): Chain {
  return createChain(table, name, base ? { ...base, policy: 'accept' } : undefined)
}

class Planner {
  readonly #transaction = createTransaction()
  readonly #table: TableRef
  readonly #wanted: Wanted
  #changed = 0

  constructor(table: TableRef, wanted: Wanted) {
    this.#table = table
    this.#wanted = wanted
  }

  change(divergence: Divergence): Plan {
    const { chains, sets, elements, kernelChains, kernelSets } = divergence
    if (chains.size + sets.size + elements.size === 0 && divergence.tableExists) return this.#done()
    this.#transaction.add(createTable(this.#table.family, this.#table.name))
    const chainsToWrite = [...chains].flatMap((name) => this.#wanted.chains.get(name)?.spec ?? [])
    const chainsToRemove = [...chains].filter((name) => !this.#wanted.chains.has(name) && kernelChains.has(name))
    const setsToFill = [...sets].filter((name) => this.#wanted.sets.has(name))
    const setsToRemove = [...sets].filter((name) => !this.#wanted.sets.has(name) && kernelSets.has(name))
    const differences = [...elements].map(([name, changed]) => this.#elementsOf(name, changed))
    this.#changed += chainsToWrite.length + chainsToRemove.length + setsToFill.length + setsToRemove.length

    for (const name of setsToFill) this.#openSet(name, kernelSets.has(name))
    for (const spec of chainsToWrite)
      if (!kernelChains.has(spec.name)) this.#transaction.add(encodeChain(this.#table, spec))
    for (const difference of differences) this.#elements('delete', difference.name, difference.removed)
    for (const name of [...chainsToWrite.map(({ name }) => name), ...chainsToRemove])
      if (kernelChains.has(name)) this.#transaction.flush({ kind: 'chain', table: this.#table, name })
    for (const name of setsToFill) this.#fill(name)
    for (const difference of differences) this.#elements('add', difference.name, difference.added)
    for (const spec of chainsToWrite) this.#rules(spec)
    for (const name of setsToRemove) this.#removeSet(name)
    for (const name of chainsToRemove) this.#transaction.delete({ kind: 'chain', table: this.#table, name })
    return this.#done()
  }

  /** `add` before `delete`, so that it may or may not be there. */
  rebuild(): Plan {
    const table = createTable(this.#table.family, this.#table.name)
    this.#transaction.add(table).delete(table).add(table)
    const specs = [...this.#wanted.chains.values()].map(({ spec }) => spec)
    for (const name of this.#wanted.sets.keys()) this.#openSet(name, false)
    for (const spec of specs) this.#transaction.add(encodeChain(this.#table, spec))
    for (const name of this.#wanted.sets.keys()) this.#fill(name)
    for (const spec of specs) this.#rules(spec)
    this.#changed = specs.length + this.#wanted.sets.size
    return this.#done()
  }

  #done(): Plan {
    return { transaction: this.#transaction, changed: this.#changed }
  }

  #openSet(name: string, exists: boolean): void {
    const set = this.#wanted.sets.get(name)
    if (!set) return
    const object = encodeSet(this.#table, set.header)
    if (exists) this.#transaction.flush(object)
    else this.#transaction.add(object)
  }

  #fill(name: string): void {
    const set = this.#wanted.sets.get(name)
    if (set) this.#transaction.add(...encodeElements(this.#table, set.header, [...set.elements]))
  }

  #rules(spec: ChainSpec): void {
    const chain = { kind: 'chain', table: this.#table, name: spec.name } as const
    for (const rule of spec.rules) this.#transaction.add(encodeRule(chain, rule))
  }

  /** Emptied first: elements of a verdict map hold on to chains. */
  #removeSet(name: string): void {
    const set = { kind: 'set', table: this.#table, name } as const
    this.#transaction.flush(set).delete(set)
  }

  #elementsOf(name: string, changed: ReadonlyMap<string, Element>) {
    const removed: Entry[] = []
    const added: Entry[] = []
    const elements = this.#wanted.sets.get(name)?.elements
    for (const [key, was] of changed) {
      const now = elements?.get(key)
      if (sameElement(was, now)) continue
      if (was !== undefined) removed.push([key, was])
      if (now !== undefined) added.push([key, now])
      this.#changed++
    }
    return { name, removed, added }
  }

  #elements(verb: 'add' | 'delete', name: string, entries: readonly Entry[]): void {
    const set = this.#wanted.sets.get(name)
    if (set) this.#transaction[verb](...encodeElements(this.#table, set.header, entries))
  }
}
