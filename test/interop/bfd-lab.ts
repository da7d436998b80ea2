/** Our BFD in one namespace and a daemon in another, one hop apart or with a router between. */
import {
  type Bfd,
  type BfdSession,
  type BfdSessionOptions,
  type BfdState,
  type BfdStatus,
  createBfd,
} from '@tortie/bgp'
import { createSysctl, createUdp } from '@tortie/linux'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { createPair } from './daemons/pair.ts'
import { eventually } from './daemons/process.ts'

export interface BfdLab extends Disposable {
  /** Where the daemon runs: 10.0.0.2 and fd00::2 on `eth0`, or behind the router 10.0.2.2 and fd02::2. */
  readonly there: TestNetns
  readonly bfd: Bfd
  readonly call: Call
  readonly signal: AbortSignal
  /** A directory for the daemon. */
  readonly dir: string
  open(options: BfdSessionOptions): Watched
}

/** A session and what has become of it. */
export interface Watched {
  readonly session: BfdSession
  readonly changes: readonly Change[]
  /** Waits until its state is `state`. */
  until(state: BfdState): Promise<BfdStatus>
}

export interface Change extends BfdStatus {
  /** Of `performance.now()`. */
  readonly atMs: number
}

/** Both sides use 300 ms and 5 packets: a busy machine may hold either of them still for a while. */
export const timers = { minTxMs: 300, minRxMs: 300, detectMult: 5 } as const
export const detectionTimeMs = 1500

/** @param routed with a router between: 10.0.1.1 and fd01::1 are ours */
export function createBfdLab({ routed }: { readonly routed: boolean }): BfdLab {
  const pair = createPair('bfd')
  const { here, there, call, signal } = pair
  const router = routed ? createTestNetns('bfd') : undefined
  if (router) linkRouted(here, router, there)
  else pair.link()
  const bfd = createBfd({ clock: systemClock, random: systemRandom, transport: createUdp({ netns: here }) })
  return {
    there,
    bfd,
    call,
    signal,
    dir: pair.path('daemon'),
    open: (options) => watch(bfd, options, call),
    [Symbol.dispose]() {
      bfd[Symbol.dispose]()
      pair[Symbol.dispose]()
      router?.[Symbol.dispose]()
    },
  }
}

function linkRouted(here: TestNetns, router: TestNetns, there: TestNetns): void {
  linkNetns(
    { netns: here, interface: 'eth0', addresses: ['10.0.1.1/24', 'fd01::1/64'] },
    { netns: router, interface: 'eth1', addresses: ['10.0.1.9/24', 'fd01::9/64'] },
  )
  linkNetns(
    { netns: there, interface: 'eth0', addresses: ['10.0.2.2/24', 'fd02::2/64'] },
    { netns: router, interface: 'eth2', addresses: ['10.0.2.9/24', 'fd02::9/64'] },
  )
  const sysctl = createSysctl(router)
  sysctl.write('net/ipv4/ip_forward', '1')
  sysctl.write('net/ipv6/conf/all/forwarding', '1')
  here.ip('route add default via 10.0.1.9', 'route add default via fd01::9')
  there.ip('route add default via 10.0.2.9', 'route add default via fd02::9')
}

function watch(bfd: Bfd, options: BfdSessionOptions, call: Call): Watched {
  const changes: Change[] = []
  const session = bfd.open({
    ...options,
    onChange: (status) => changes.push({ ...status, atMs: performance.now() }),
  })
  return {
    session,
    changes,
    until: (state) =>
      eventually(`the session is ${state}`, () => session.status.state === state && session.status, call),
  }
}
