import { type Conntrack, createConntrack, type NetlinkTransport } from '@tortie/netlink'
import type { Call, Log } from '@tortie/runtime'

/**
 * Forgets the tracked flows of addresses that moved or went, in the background; whoever gives such an address out again
 * waits for it. Spec 02 §5.4, conntrack clean-up.
 */
export interface FlowCleaner {
  forget(addresses: readonly string[]): void
  /** Resolves when none of the addresses is being forgotten any more. */
  settled(addresses: Iterable<string>): Promise<void>
  close(): Promise<void>
}

export function createFlowCleaner(transport: NetlinkTransport | undefined, log: Log): FlowCleaner {
  const conntrack: Conntrack | undefined = transport && createConntrack(transport)
  const stop = new AbortController()
  const call: Call = { signal: stop.signal }
  const underWay = new Map<string, Promise<void>>()
  let last: Promise<void> = Promise.resolve()
  /** Addresses that come while others are being forgotten are forgotten together. */
  let waiting: Set<string> | undefined

  const run = async (addresses: ReadonlySet<string>): Promise<void> => {
    try {
      if (!stop.signal.aborted) await conntrack?.forget([...addresses], call)
    } catch (error) {
      // Best effort: flows that stay count as established, and end with their connections.
      if (!stop.signal.aborted) log.warn('hostnet.conntrack.failed', { addresses: [...addresses], error })
    }
  }
  const begin = (addresses: Set<string>): Promise<void> =>
    last.then(async () => {
      waiting = undefined
      await run(addresses)
      for (const address of addresses) underWay.delete(address)
    })

  return {
    forget(addresses) {
      if (!conntrack || addresses.length === 0) return
      if (!waiting) {
        waiting = new Set()
        last = begin(waiting)
      }
      for (const address of addresses) {
        waiting.add(address)
        underWay.set(address, last)
      }
    },
    async settled(addresses) {
      for (const address of addresses) await underWay.get(address)
    },
    async close() {
      stop.abort(new Error('closed'))
      await last
    },
  }
}
