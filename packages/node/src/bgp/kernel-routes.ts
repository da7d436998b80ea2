import type { BestRoute, LocalRoute, NextHopResolution } from '@tortie/bgp'
import type { BgpKernelPolicy, BgpSourcePolicy } from '@tortie/dataplane'
import type { Call } from '@tortie/runtime'

/** The kernel as BGP needs it: where its routes go, where others' come from, and how next hops are reached. */
export interface KernelRoutes {
  /** Writes what changed; another policy than before applies to all routes. */
  apply(routes: readonly BestRoute[], policy: BgpKernelPolicy, call: Call): Promise<unknown>
  /** The routing tables are complete again: what an earlier run left and nobody wants goes. */
  recovered(call: Call): Promise<unknown>
  readonly sources: {
    configure(policy: BgpSourcePolicy): void
    /** First everything that is there, then changes. */
    follow(call: Call): AsyncIterable<{
      readonly announce: readonly LocalRoute[]
      readonly withdraw: readonly Pick<LocalRoute, 'prefix' | 'id'>[]
    }>
  }
  readonly nextHops: {
    watch(addresses: Iterable<string>): void
    unwatch(addresses: Iterable<string>): void
    follow(
      call: Call,
    ): AsyncIterable<readonly { readonly address: string; readonly resolution: NextHopResolution | undefined }[]>
  }
}
