import type { LocalRoute } from '@tortie/bgp'
import type { BgpSourcePolicy } from '@tortie/dataplane'
import type { Call } from '@tortie/runtime'
import {
  type CandidateRules,
  candidateRules,
  directRoutes,
  kernelRoute,
  routeId,
  sameLocalRoute,
} from './candidates.ts'
import { createFollowers } from './followers.ts'
import type { KernelView } from './kernel-view.ts'

/** Candidates that came or changed, and identities of those that went. */
export interface SourceChanges {
  readonly announce: readonly LocalRoute[]
  readonly withdraw: readonly Pick<LocalRoute, 'prefix' | 'id'>[]
}

/** The kernel's addresses and routes as candidates to be announced. Spec 05 A6. */
export interface BgpSources {
  /** Before it is called nothing is a candidate. @throws IpError for what is no prefix */
  configure(policy: BgpSourcePolicy): void
  /** First everything there is, then changes. Ends only by throwing. */
  follow(call: Call): AsyncIterable<SourceChanges>
}

export interface SourceReader extends BgpSources {
  /** A route of others to this prefix changed. */
  touch(prefix: string): void
  /** Links or addresses changed. */
  touchDevices(): void
  wake(): void
  fail(error: unknown): void
}

export function createSources(view: KernelView, ready: () => Promise<void>): SourceReader {
  let rules: CandidateRules | undefined
  const readers = new Set<Reader>()
  const followers = createFollowers<SourceChanges>(
    ready,
    () => {
      const reader = new Reader(view, () => rules)
      readers.add(reader)
      return { next: () => reader.next(), close: () => readers.delete(reader) }
    },
    { announce: [], withdraw: [] },
  )
  return {
    configure(policy) {
      rules = candidateRules(policy)
      for (const reader of readers) reader.everything = true
      followers.wake()
    },
    follow: (call) => followers.follow(call),
    touch(prefix) {
      for (const reader of readers) reader.touched.add(prefix)
    },
    touchDevices() {
      for (const reader of readers) reader.devices = true
    },
    wake: () => followers.wake(),
    fail: (error) => followers.fail(error),
  }
}

/** What one follower has been told, and what has changed since. */
class Reader {
  everything = true
  devices = true
  readonly touched = new Set<string>()
  readonly #told = new Map<string, LocalRoute>()
  readonly #view: KernelView
  readonly #rules: () => CandidateRules | undefined

  constructor(view: KernelView, rules: () => CandidateRules | undefined) {
    this.#view = view
    this.#rules = rules
  }

  next(): SourceChanges | undefined {
    const rules = this.#rules()
    if (!rules) return undefined
    const announce: LocalRoute[] = []
    const withdraw: { prefix: string; id: string }[] = []
    const tell = (id: string, now: LocalRoute | undefined): void => {
      const was = this.#told.get(id)
      if (now && !(was && sameLocalRoute(was, now))) {
        this.#told.set(id, now)
        announce.push(now)
      } else if (was && !now) {
        this.#told.delete(id)
        withdraw.push({ prefix: was.prefix, id: was.id })
      }
    }
    if (this.everything || this.devices) this.#tellDirect(rules, tell)
    for (const prefix of this.#prefixes(rules))
      tell(routeId({ prefix, id: 'kernel' }), kernelRoute(prefix, this.#view, rules))
    this.everything = false
    this.devices = false
    this.touched.clear()
    return announce.length + withdraw.length > 0 ? { announce, withdraw } : undefined
  }

  #tellDirect(rules: CandidateRules, tell: (id: string, now: LocalRoute | undefined) => void): void {
    const direct = new Map(directRoutes(this.#view, rules).map((route) => [routeId(route), route]))
    for (const [id, { source }] of this.#told) if (source === 'direct' && !direct.has(id)) tell(id, undefined)
    for (const [id, route] of direct) tell(id, route)
  }

  /** Prefixes whose kernel routes may be other than was told. */
  #prefixes({ interesting }: CandidateRules): Iterable<string> {
    if (!this.everything) return this.touched
    const prefixes = new Set<string>()
    for (const { prefix, source } of this.#told.values()) if (source === 'kernel') prefixes.add(prefix)
    for (const outer of interesting)
      for (const { value } of this.#view.routes.within(outer)) if (value[0]) prefixes.add(value[0].dst)
    return prefixes
  }
}
