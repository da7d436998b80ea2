import type { NextHopResolution } from '@tortie/bgp'
import type { Call } from '@tortie/runtime'
import { createFollowers } from './followers.ts'
import { sameResolution } from './resolve.ts'

export interface NextHopChange {
  readonly address: string
  /** Undefined: nothing leads there. */
  readonly resolution: NextHopResolution | undefined
}

/** How the kernel reaches BGP's next hops. Spec 05 A5, B5, trap 26. */
export interface NextHopTracker {
  /** Addresses in canonical text. @throws IpError for what is no address */
  watch(addresses: Iterable<string>): void
  unwatch(addresses: Iterable<string>): void
  /** The answer now. */
  resolve(address: string): NextHopResolution | undefined
  /** For each watched address its first answer, and then only those that changed. Ends only by throwing. */
  follow(call: Call): AsyncIterable<readonly NextHopChange[]>
}

export interface ChangingNextHops extends NextHopTracker {
  wake(): void
  fail(error: unknown): void
}

export function createNextHops(
  resolve: (address: string) => NextHopResolution | undefined,
  ready: () => Promise<void>,
): ChangingNextHops {
  /** With a number for each time that watching it began: then it is told even if its answer is the same as before. */
  const watched = new Map<string, number>()
  let begun = 0
  const followers = createFollowers<readonly NextHopChange[]>(ready, () => {
    const told = new Map<string, { readonly since: number; readonly resolution: NextHopResolution | undefined }>()
    const next = (): NextHopChange[] | undefined => {
      const changes: NextHopChange[] = []
      for (const address of told.keys()) if (!watched.has(address)) told.delete(address)
      for (const [address, since] of watched) {
        const resolution = resolve(address)
        const before = told.get(address)
        if (before?.since === since && sameResolution(before.resolution, resolution)) continue
        told.set(address, { since, resolution })
        changes.push({ address, resolution })
      }
      return changes.length > 0 ? changes : undefined
    }
    return { next, close: () => undefined }
  }, [])
  return {
    watch(addresses) {
      for (const address of addresses) {
        resolve(address)
        if (!watched.has(address)) watched.set(address, ++begun)
      }
      followers.wake()
    },
    unwatch(addresses) {
      for (const address of addresses) watched.delete(address)
    },
    resolve,
    follow: (call) => followers.follow(call),
    wake: () => followers.wake(),
    fail: (error) => followers.fail(error),
  }
}
