import type { Element, WantedWatcher } from '../render/wanted.ts'

/**
 * Where the kernel is not as wanted, by what it holds now. Filled by every change of `Wanted` and by what readback finds;
 * emptied by a commit. What is not mentioned is equal.
 */
export class Divergence implements WantedWatcher {
  /** Names of what the kernel holds of our table. */
  readonly kernelChains = new Set<string>()
  readonly kernelSets = new Set<string>()
  tableExists = false
  /** Chains to create, rewrite or delete. */
  readonly chains = new Set<string>()
  /** Sets to create or delete; one that is wanted and exists is to be filled anew. */
  readonly sets = new Set<string>()
  /** Elements that differ, with what the kernel has in their place. */
  readonly elements = new Map<string, Map<string, Element>>()
  /** Something exists that cannot be changed in place: the table is replaced, in the same transaction. */
  rebuild = false

  chain(name: string): void {
    this.chains.add(name)
  }

  set(name: string): void {
    this.sets.add(name)
    this.elements.delete(name)
  }

  element(set: string, key: string, was: Element): void {
    if (this.sets.has(set)) return
    let changed = this.elements.get(set)
    if (!changed) {
      changed = new Map()
      this.elements.set(set, changed)
    }
    if (!changed.has(key)) changed.set(key, was)
  }

  /** Everything mentioned is done. */
  settle({ chains, sets }: Names): void {
    if (this.rebuild) {
      this.forget(chains.keys(), sets.keys())
    } else {
      keep(this.kernelChains, this.chains, chains)
      keep(this.kernelSets, this.sets, sets)
    }
    this.tableExists = true
    this.rebuild = false
    this.chains.clear()
    this.sets.clear()
    this.elements.clear()
  }

  /** Nothing differs, as far as is known; the kernel holds these. */
  forget(chains: Iterable<string>, sets: Iterable<string>): void {
    this.rebuild = false
    for (const names of [this.chains, this.sets, this.elements, this.kernelChains, this.kernelSets]) names.clear()
    for (const name of chains) this.kernelChains.add(name)
    for (const name of sets) this.kernelSets.add(name)
  }
}

interface Names {
  readonly chains: ReadonlyMap<string, unknown>
  readonly sets: ReadonlyMap<string, unknown>
}

function keep(kernel: Set<string>, written: Iterable<string>, wanted: ReadonlyMap<string, unknown>): void {
  for (const name of written) {
    if (wanted.has(name)) kernel.add(name)
    else kernel.delete(name)
  }
}
