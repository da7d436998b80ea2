import { type Address, type Family, width } from './address.ts'
import { hostPrefix, type Prefix } from './prefix.ts'

/** Values by prefix, with longest-prefix match. Path-compressed binary trie; both families in one. */
export interface PrefixTrie<V> {
  readonly size: number
  get(prefix: Prefix): V | undefined
  set(prefix: Prefix, value: V): void
  delete(prefix: Prefix): boolean
  /** The most specific entry that holds `at`. */
  match(at: Prefix | Address): { readonly prefix: Prefix; readonly value: V } | undefined
  /** Every entry that holds `at`, least specific first. */
  covering(at: Prefix | Address): { readonly prefix: Prefix; readonly value: V }[]
  /** Every entry within `prefix`, itself included, in address order. */
  within(prefix: Prefix): Generator<{ readonly prefix: Prefix; readonly value: V }>
}

interface Node<V> {
  readonly prefix: Prefix
  value: V | undefined
  filled: boolean
  readonly child: [Node<V> | undefined, Node<V> | undefined]
}

export function createPrefixTrie<V>(): PrefixTrie<V> {
  return new Trie<V>()
}

class Trie<V> implements PrefixTrie<V> {
  size = 0
  readonly #roots: Record<Family, Node<V>> = { 4: root(4), 6: root(6) }

  get(prefix: Prefix): V | undefined {
    const node = this.#find(prefix)
    return node?.filled ? node.value : undefined
  }

  set(prefix: Prefix, value: V): void {
    let node = this.#roots[prefix.family]
    while (node.prefix.length < prefix.length) {
      const side = bit(prefix, node.prefix.length)
      const next = node.child[side]
      if (!next) {
        node.child[side] = this.#leaf(prefix, value)
        return
      }
      const common = commonLength(next.prefix, prefix)
      if (common === next.prefix.length) {
        node = next
        continue
      }
      node.child[side] = this.#split(next, prefix, common, value)
      return
    }
    if (!node.filled) this.size++
    node.value = value
    node.filled = true
  }

  delete(prefix: Prefix): boolean {
    const path: Node<V>[] = []
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.prefix.length < prefix.length) {
      path.push(node)
      node = node.child[bit(prefix, node.prefix.length)]
    }
    if (!node?.filled || node.prefix.length !== prefix.length || node.prefix.value !== prefix.value) return false
    node.filled = false
    node.value = undefined
    this.size--
    this.#prune(node, path)
    return true
  }

  match(at: Prefix | Address): { readonly prefix: Prefix; readonly value: V } | undefined {
    return this.covering(at).at(-1)
  }

  covering(at: Prefix | Address): { readonly prefix: Prefix; readonly value: V }[] {
    const prefix = 'length' in at ? at : hostPrefix(at)
    const found: { prefix: Prefix; value: V }[] = []
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.prefix.length <= prefix.length && commonLength(node.prefix, prefix) === node.prefix.length) {
      if (node.filled) found.push({ prefix: node.prefix, value: node.value as V })
      if (node.prefix.length === prefix.length) break
      node = node.child[bit(prefix, node.prefix.length)]
    }
    return found
  }

  *within(prefix: Prefix): Generator<{ readonly prefix: Prefix; readonly value: V }> {
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.prefix.length < prefix.length) node = node.child[bit(prefix, node.prefix.length)]
    if (node && commonLength(node.prefix, prefix) >= prefix.length) yield* walk(node)
  }

  #find(prefix: Prefix): Node<V> | undefined {
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.prefix.length < prefix.length) node = node.child[bit(prefix, node.prefix.length)]
    return node && node.prefix.length === prefix.length && node.prefix.value === prefix.value ? node : undefined
  }

  #leaf(prefix: Prefix, value: V): Node<V> {
    this.size++
    return { prefix, value, filled: true, child: [undefined, undefined] }
  }

  #split(next: Node<V>, prefix: Prefix, common: number, value: V): Node<V> {
    const host = BigInt(width(prefix.family) - common)
    const middle: Node<V> = {
      prefix: { family: prefix.family, value: (prefix.value >> host) << host, length: common },
      value: undefined,
      filled: false,
      child: [undefined, undefined],
    }
    middle.child[bit(next.prefix, common)] = next
    if (common === prefix.length) {
      middle.value = value
      middle.filled = true
      this.size++
    } else middle.child[bit(prefix, common)] = this.#leaf(prefix, value)
    return middle
  }

  /** Removes nodes that hold nothing and join nothing. */
  #prune(start: Node<V>, path: Node<V>[]): void {
    let node = start
    while (!node.filled) {
      const parent = path.pop()
      if (!parent || (node.child[0] && node.child[1])) return
      parent.child[bit(node.prefix, parent.prefix.length)] = node.child[0] ?? node.child[1]
      if (node.child[0] ?? node.child[1]) return
      node = parent
    }
  }
}

function root<V>(family: Family): Node<V> {
  return { prefix: { family, value: 0n, length: 0 }, value: undefined, filled: false, child: [undefined, undefined] }
}

function bit({ family, value }: Prefix, at: number): 0 | 1 {
  return Number((value >> BigInt(width(family) - 1 - at)) & 1n) as 0 | 1
}

function commonLength(a: Prefix, b: Prefix): number {
  const most = Math.min(a.length, b.length)
  const bits = width(a.family)
  const differ = (a.value ^ b.value) >> BigInt(bits - most)
  return differ === 0n ? most : most - differ.toString(2).length
}

function* walk<V>(node: Node<V>): Generator<{ readonly prefix: Prefix; readonly value: V }> {
  if (node.filled) yield { prefix: node.prefix, value: node.value as V }
  if (node.child[0]) yield* walk(node.child[0])
  if (node.child[1]) yield* walk(node.child[1])
}
