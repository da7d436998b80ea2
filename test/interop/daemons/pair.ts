import { join } from 'node:path'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { createDirectory } from './process.ts'

/** Two namespaces for one test, and a directory for the daemons in them. Disposing ends the daemons and removes all. */
export interface Pair extends Disposable {
  readonly here: TestNetns
  readonly there: TestNetns
  /** Aborts when disposed: daemons started with it are killed then. */
  readonly signal: AbortSignal
  readonly call: Call
  /** A path in the directory. */
  path(name: string): string
  /** Joins them: 10.0.0.1/24 and fd00::1/64 here, 10.0.0.2/24 and fd00::2/64 there, each on `eth0`. */
  link(): void
}

/** @param what a short word for the names of the namespaces */
export function createPair(what: string): Pair {
  const stop = new AbortController()
  const directory = createDirectory()
  const here = createTestNetns(what)
  const there = createTestNetns(what)
  return {
    here,
    there,
    signal: stop.signal,
    call: { signal: stop.signal },
    path: (name) => join(directory.path, name),
    link: () =>
      linkNetns(
        { netns: here, interface: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
        { netns: there, interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
      ),
    [Symbol.dispose]() {
      stop.abort()
      here[Symbol.dispose]()
      there[Symbol.dispose]()
      directory[Symbol.dispose]()
    },
  }
}
