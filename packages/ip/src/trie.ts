import { type Address, type Family, width } from './address.ts'
import { hostPrefix, type Prefix } from './prefix.ts'

export interface PrefixEntry<V> {
  readonly prefix: Prefix
  readonly value: V
}

/** Values by prefix, with longest-prefix match. Path-compressed binary trie; both families in one. */
export interface PrefixTrie<V> {
  readonly size: number
  get(prefix: Prefix): V | undefined
  has(prefix: Prefix): boolean
  set(prefix: Prefix, value: V): void
  delete(prefix: Prefix): boolean
  clear(): void
  /** The most specific entry that holds `at`. */
  match(at: Prefix | Address): PrefixEntry<V> | undefined
  /** Every entry that holds `at`, least specific first. */
  covering(at: Prefix | Address): PrefixEntry<V>[]
  /** Every entry within `prefix`, itself included, in address order, a shorter one before those inside it. */
  within(prefix: Prefix): Generator<PrefixEntry<V>>
  /** Everything, IPv4 first. */
  entries(): Generator<PrefixEntry<V>>
}

export function createPrefixTrie<V>(): PrefixTrie<V> {
  return new Trie<V>()
}

/**
 * PERF: a prefix as signed 32-bit words, left-aligned, so that bits are compared by `clz32`; bigint took 8 times as long.
 * IPv4 uses `a` alone.
 */
interface Bits {
  a: number
  b: number
  c: number
  d: number
  length: number
}

interface Node<V> extends Bits {
  entry: PrefixEntry<V> | undefined
  left: Node<V> | undefined
  right: Node<V> | undefined
}

class Trie<V> implements PrefixTrie<V> {
  #size = 0
  readonly #roots: Record<Family, Node<V>> = { 4: root(), 6: root() }

  get size(): number {
    return this.#size
  }

  get(prefix: Prefix): V | undefined {
    return this.#find(prefix)?.entry?.value
  }

  has(prefix: Prefix): boolean {
    return this.#find(prefix)?.entry !== undefined
  }

  set(prefix: Prefix, value: V): void {
    const key = bitsOf(prefix)
    const entry = { prefix, value }
    let node = this.#roots[prefix.family]
    while (node.length < key.length) {
      const next = child(node, bit(key, node.length))
      if (!next) {
        this.#size++
        setChild(node, bit(key, node.length), nodeAt(key, key.length, entry))
        return
      }
      const common = commonLength(next, key)
      if (common < next.length) {
        this.#size++
        setChild(node, bit(key, node.length), split(next, key, common, entry))
        return
      }
      node = next
    }
    if (!node.entry) this.#size++
    node.entry = entry
  }

  delete(prefix: Prefix): boolean {
    const key = bitsOf(prefix)
    const path: Node<V>[] = []
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.length < key.length) {
      path.push(node)
      node = child(node, bit(key, node.length))
    }
    if (!node?.entry || node.length !== key.length || commonLength(node, key) !== key.length) return false
    node.entry = undefined
    this.#size--
    prune(node, path)
    return true
  }

  clear(): void {
    this.#size = 0
    this.#roots[4] = root()
    this.#roots[6] = root()
  }

  match(at: Prefix | Address): PrefixEntry<V> | undefined {
    let found: PrefixEntry<V> | undefined
    this.#descend(at, (entry) => {
      found = entry
    })
    return found
  }

  covering(at: Prefix | Address): PrefixEntry<V>[] {
    const found: PrefixEntry<V>[] = []
    this.#descend(at, (entry) => found.push(entry))
    return found
  }

  *within(prefix: Prefix): Generator<PrefixEntry<V>> {
    const key = bitsOf(prefix)
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.length < key.length) node = child(node, bit(key, node.length))
    if (node && commonLength(node, key) === key.length) yield* walk(node)
  }

  *entries(): Generator<PrefixEntry<V>> {
    yield* walk(this.#roots[4])
    yield* walk(this.#roots[6])
  }

  #find(prefix: Prefix): Node<V> | undefined {
    const key = bitsOf(prefix)
    let node: Node<V> | undefined = this.#roots[prefix.family]
    while (node && node.length < key.length) node = child(node, bit(key, node.length))
    return node && node.length === key.length && commonLength(node, key) === key.length ? node : undefined
  }

  #descend(at: Prefix | Address, visit: (entry: PrefixEntry<V>) => void): void {
    const key = bitsOf('length' in at ? at : hostPrefix(at))
    let node: Node<V> | undefined = this.#roots[at.family]
    while (node && node.length <= key.length && commonLength(node, key) === node.length) {
      if (node.entry) visit(node.entry)
      if (node.length === key.length) return
      node = child(node, bit(key, node.length))
    }
  }
}

function root<V>(): Node<V> {
  return { a: 0, b: 0, c: 0, d: 0, length: 0, entry: undefined, left: undefined, right: undefined }
}

const words = new DataView(new ArrayBuffer(16))

function bitsOf({ family, value, length }: Prefix): Bits {
  if (length < 0 || length > width(family)) throw new RangeError(`/${length} does not fit IPv${family}`)
  if (family === 4) return { a: Number(value) | 0, b: 0, c: 0, d: 0, length }
  words.setBigUint64(0, value >> 64n)
  words.setBigUint64(8, value)
  return { a: words.getInt32(0), b: words.getInt32(4), c: words.getInt32(8), d: words.getInt32(12), length }
}

function word(bits: Bits, index: number): number {
  return index < 2 ? (index === 0 ? bits.a : bits.b) : index === 2 ? bits.c : bits.d
}

function bit(bits: Bits, at: number): 0 | 1 {
  return ((word(bits, at >> 5) >>> (31 - (at & 31))) & 1) as 0 | 1
}

/** Length of the longest prefix that holds both. */
function commonLength(x: Bits, y: Bits): number {
  const most = Math.min(x.length, y.length)
  for (let i = 0; i << 5 < most; i++) {
    const differ = word(x, i) ^ word(y, i)
    if (differ !== 0) return Math.min(most, (i << 5) + Math.clz32(differ))
  }
  return most
}

function child<V>(node: Node<V>, side: 0 | 1): Node<V> | undefined {
  return side === 0 ? node.left : node.right
}

function setChild<V>(node: Node<V>, side: 0 | 1, to: Node<V> | undefined): void {
  if (side === 0) node.left = to
  else node.right = to
}

/** Bits beyond `length` are kept: nothing looks at them. */
function nodeAt<V>({ a, b, c, d }: Bits, length: number, entry: PrefixEntry<V> | undefined): Node<V> {
  return { a, b, c, d, length, entry, left: undefined, right: undefined }
}

/** The node that takes the place of `next`, where `key` parts from it or ends. */
function split<V>(next: Node<V>, key: Bits, common: number, entry: PrefixEntry<V>): Node<V> {
  const middle = nodeAt<V>(key, common, common === key.length ? entry : undefined)
  setChild(middle, bit(next, common), next)
  if (common < key.length) setChild(middle, bit(key, common), nodeAt(key, key.length, entry))
  return middle
}

/** Removes nodes that hold nothing and join nothing. The first of `path` is the root, which stays. */
function prune<V>(start: Node<V>, path: Node<V>[]): void {
  let node = start
  while (!node.entry) {
    const parent = path.pop()
    if (!parent || (node.left && node.right)) return
    const only = node.left ?? node.right
    setChild(parent, bit(node, parent.length), only)
    if (only) return
    node = parent
  }
}

function* walk<V>(top: Node<V>): Generator<PrefixEntry<V>> {
  const stack: Node<V>[] = [top]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.entry) yield node.entry
    if (node.right) stack.push(node.right)
    if (node.left) stack.push(node.left)
  }
}
