import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Log, Random } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { createHostLock } from './files/host-lock.ts'
import { createCniLog } from './logging/log.ts'
import type { CniDrivers } from './ports.ts'

export interface CniDriverOptions {
  readonly openDatastore: CniDrivers['openDatastore']
  /** Takes all log lines. Without it they go to standard error and the file that the network config names. */
  readonly log?: Log
  /** An agent that writes endpoint status files runs here, so the result waits for them. */
  readonly agentPresent?: boolean
}

/** The kernel's UUIDs: PERF: without loading `node:crypto`, which is 7 of the 24 ms that an empty Node process takes. */
const random: Random = {
  next: Math.random,
  uuid: () => readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim(),
}

/** The real kernel, clock, plugins and logs, over a store of the caller's choice. */
export function createCniDrivers({ openDatastore, log, agentPresent = false }: CniDriverOptions): CniDrivers {
  return {
    openDatastore,
    agentPresent,
    hostname,
    clock: systemClock,
    random,
    async runPlugin(...given) {
      const { runPlugin } = await import('./exec/run-plugin.ts')
      return await runPlugin(...given)
    },
    lock: createHostLock(),
    openLog: (options) => log ?? createCniLog(options),
    async openPodNetwork() {
      // Native code, which asking an agent does without.
      const { openPodNetwork } = await import('./network/kernel-network.ts')
      return openPodNetwork(systemClock)
    },
  }
}
