import type { Call } from '@tortie/runtime'

/**
 * One netlink socket (AF_NETLINK, SOCK_RAW) of one protocol in one network namespace. `@tortie/linux` has the real one.
 * The kernel works inside sendmsg, so when it returns the answers are already queued: no call here ever blocks in recv.
 */
export interface NetlinkTransport extends Disposable {
  /** nl_pid of the socket. */
  readonly portId: number
  /**
   * Sends one datagram, which may hold many messages, and returns every datagram that answers it, dumps included.
   * On the calling thread: for small requests, and the only way inside another network namespace.
   */
  exchangeSync(request: Uint8Array): Uint8Array[]
  /** The same with the send on a thread, so that the event loop keeps running. One at a time for each socket. */
  exchange(request: Uint8Array, call: Call): Promise<Uint8Array[]>
}

/** What the kernel announces. `overrun` (ENOBUFS) means that datagrams were lost: dump again. */
export type Announcement = { readonly kind: 'datagram'; readonly bytes: Uint8Array } | { readonly kind: 'overrun' }

/** Multicast groups of one protocol. Ends only by throwing, `signal.reason` on abort. */
export type NetlinkMonitor = (groups: readonly number[], call: Call) => AsyncIterable<Announcement>
