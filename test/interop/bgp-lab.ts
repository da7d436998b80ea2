import { acceptAll, type LocalRoute, type PeerConfig, peerConfig } from '@tortie/bgp'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { createDirectory } from './daemons/process.ts'

/** Two namespaces on one wire, and what is thrown away with them. */
export interface Cell extends Call, AsyncDisposable {
  /** Where our speaker is. */
  readonly here: TestNetns
  /** Where the daemon is. */
  readonly there: TestNetns
  /** A directory of the daemon. */
  readonly dir: string
}

/** Addresses of a cell: number 1 is ours and 2 the daemon's; 11 and 12, 21 and 22, … are further pairs. */
export const ours = (n: number, family: 4 | 6 = 4): string => (family === 4 ? `10.0.0.${n}1` : `fd00::${n}1`)
export const theirs = (n: number, family: 4 | 6 = 4): string => (family === 4 ? `10.0.0.${n}2` : `fd00::${n}2`)

const pairs = Array.from({ length: 9 }, (_, i) => i + 1)

export function createCell(): Cell {
  const stop = new AbortController()
  const dir = createDirectory()
  const here = createTestNetns('bgp')
  const there = createTestNetns('bgp')
  const addresses = (of: typeof ours, last: number): string[] => [
    `10.0.0.${last}/24`,
    `fd00::${last}/64`,
    ...pairs.flatMap((n) => [`${of(n, 4)}/24`, `${of(n, 6)}/64`]),
  ]
  linkNetns(
    { netns: here, interface: 'eth0', addresses: addresses(ours, 1) },
    { netns: there, interface: 'eth0', addresses: addresses(theirs, 2) },
  )
  return {
    here,
    there,
    dir: dir.path,
    signal: stop.signal,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the cell is over'))
      // What was told to end does so on a later turn.
      await new Promise((resolve) => setTimeout(resolve, 20))
      here[Symbol.dispose]()
      there[Symbol.dispose]()
      dir[Symbol.dispose]()
    },
  }
}

/** A peer that exchanges everything, and does not wait long. */
export function peer(given: Partial<PeerConfig> & Pick<PeerConfig, 'address'>): PeerConfig {
  return peerConfig({
    localAs: 64512,
    remoteAs: 64513,
    holdTime: 30,
    connectDelayTime: 0.5,
    connectRetryTime: 1,
    idleHoldTime: { first: 1, longest: 2 },
    importFilter: acceptAll,
    exportFilter: acceptAll,
    ...given,
  })
}

export function route(prefix: string, given: Partial<LocalRoute> = {}): LocalRoute {
  return { prefix, id: 'test', source: 'local', preference: 200, attributes: {}, ...given }
}

/** A counter of the kernel's TCP in the namespace, by its name in /proc/net/netstat. */
export function tcpCounter(netns: TestNetns, name: string): number {
  const rows = netns.run('cat', '/proc/net/netstat').split('\n')
  const [names = [], values = []] = rows.filter((row) => row.startsWith('TcpExt:')).map((row) => row.split(' '))
  return Number(values[names.indexOf(name)])
}
