import type { ChainSpec, SetHeader, SetSpec, Verdict } from './ruleset.ts'

/** `null` for an element of a plain set, `undefined` for none. */
export type Element = Verdict | null | undefined

export interface WantedSet {
  readonly header: SetHeader
  readonly elements: Map<string, Verdict | null>
  uses: number
}

interface WantedChain {
  spec: ChainSpec
  uses: number
}

/** Told of every change, with what was there before. */
export interface WantedWatcher {
  chain(name: string): void
  set(name: string): void
  element(set: string, key: string, was: Element): void
}

/** The ruleset as it should be. Chains and sets are counted, since several parts may want the same one. */
export class Wanted {
  readonly chains = new Map<string, WantedChain>()
  readonly sets = new Map<string, WantedSet>()
  readonly #watcher: WantedWatcher

  constructor(watcher: WantedWatcher) {
    this.#watcher = watcher
  }

  /** A chain of the same name gets the new content. */
  retainChain(spec: ChainSpec): void {
    const known = this.chains.get(spec.name)
    if (!known) {
      this.chains.set(spec.name, { spec, uses: 1 })
      this.#watcher.chain(spec.name)
      return
    }
    known.uses++
    if (spec.constant || known.spec === spec || sameChain(known.spec, spec)) return
    known.spec = spec
    this.#watcher.chain(spec.name)
  }

  releaseChain(name: string): void {
    const known = this.chains.get(name)
    if (!known || --known.uses > 0) return
    this.chains.delete(name)
    this.#watcher.chain(name)
  }

  /** A set of the same name gets the new elements; a header never changes under a name. */
  retainSet({ elements, ...header }: SetSpec): void {
    const known = this.sets.get(header.name)
    if (!known) {
      this.sets.set(header.name, { header, elements: new Map(elements), uses: 1 })
      this.#watcher.set(header.name)
      return
    }
    known.uses++
    if (header.constant) return
    for (const key of known.elements.keys()) if (!elements.has(key)) this.setElement(header.name, key, undefined)
    for (const [key, element] of elements) this.setElement(header.name, key, element)
  }

  releaseSet(name: string): void {
    const known = this.sets.get(name)
    if (!known || --known.uses > 0) return
    this.sets.delete(name)
    this.#watcher.set(name)
  }

  setElement(name: string, key: string, element: Element): void {
    const elements = this.sets.get(name)?.elements
    if (!elements) return
    const was = elements.get(key)
    if (sameElement(was, element)) return
    if (element === undefined) elements.delete(key)
    else elements.set(key, element)
    this.#watcher.element(name, key, was)
  }
}

export function sameElement(a: Element, b: Element): boolean {
  if (a === b) return true
  if (!a || !b) return false
  return a.go === b.go && ('chain' in a ? a.chain : '') === ('chain' in b ? b.chain : '')
}

function sameChain(a: ChainSpec, b: ChainSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
