import { containsPrefix, createPrefixTrie, type Prefix, type PrefixTrie, parsePrefix } from '@tortie/ip'

/** Told of what is to be seen of a set. */
export interface MemberListener {
  shown(member: string): void
  hidden(member: string): void
}

/**
 * Members of one set, counted, because two endpoints may have one address. With `suppress`, members are CIDRs, and those
 * within a larger one are withheld: nftables' interval sets refuse overlaps (spec 02 §3.3).
 * PERF: host addresses cannot overlap, so a trie is only kept while the set has a network.
 */
export class MemberCounts {
  readonly #listener: MemberListener
  readonly #suppress: boolean
  readonly #members = new Set<string>()
  /** How often more than once, of the few that are. */
  readonly #repeats = new Map<string, number>()
  #networks = 0
  #trie: PrefixTrie<string> | undefined

  constructor(listener: MemberListener, suppress: boolean) {
    this.#listener = listener
    this.#suppress = suppress
  }

  add(member: string): void {
    if (this.#members.has(member)) {
      this.#repeats.set(member, (this.#repeats.get(member) ?? 0) + 1)
      return
    }
    this.#members.add(member)
    const isNetwork = this.#suppress && !isHost(member)
    if (isNetwork && this.#networks++ === 0) this.#trie = this.#plant(member)
    if (!this.#trie) {
      this.#listener.shown(member)
      return
    }
    const prefix = parsePrefix(member)
    this.#trie.set(prefix, member)
    if (isCovered(this.#trie, prefix)) return
    if (isNetwork) for (const inner of outermostWithin(this.#trie, prefix)) this.#listener.hidden(inner)
    this.#listener.shown(member)
  }

  remove(member: string): void {
    const repeats = this.#repeats.get(member) ?? 0
    if (repeats > 1) this.#repeats.set(member, repeats - 1)
    else if (repeats === 1) this.#repeats.delete(member)
    if (repeats > 0 || !this.#members.delete(member)) return
    const trie = this.#trie
    if (!trie) {
      this.#listener.hidden(member)
      return
    }
    const prefix = parsePrefix(member)
    trie.delete(prefix)
    if (!isCovered(trie, prefix)) {
      this.#listener.hidden(member)
      if (!isHost(member)) for (const inner of outermostWithin(trie, prefix)) this.#listener.shown(inner)
    }
    if (!isHost(member) && --this.#networks === 0) this.#trie = undefined
  }

  /** What is to be seen. */
  visible(): Set<string> {
    const trie = this.#trie
    if (!trie) return new Set(this.#members)
    const visible = new Set<string>()
    let outer: Prefix | undefined
    for (const { prefix, value } of trie.entries()) {
      if (outer && containsPrefix(outer, prefix)) continue
      outer = prefix
      visible.add(value)
    }
    return visible
  }

  /** Everything but `except`. */
  #plant(except: string): PrefixTrie<string> {
    const trie = createPrefixTrie<string>()
    for (const member of this.#members) if (member !== except) trie.set(parsePrefix(member), member)
    return trie
  }
}

/** `/32` of IPv4, `/128` of IPv6. */
function isHost(member: string): boolean {
  return member.includes(':') ? member.endsWith('/128') : member.endsWith('/32')
}

function isCovered(trie: PrefixTrie<string>, prefix: Prefix): boolean {
  return trie.covering(prefix).some((entry) => entry.prefix.length < prefix.length)
}

/** The largest members inside `prefix` other than itself. */
function* outermostWithin(trie: PrefixTrie<string>, prefix: Prefix): Generator<string> {
  let outer: Prefix | undefined
  for (const entry of trie.within(prefix)) {
    if (entry.prefix.length === prefix.length) continue
    if (outer && containsPrefix(outer, entry.prefix)) continue
    outer = entry.prefix
    yield entry.value
  }
}
