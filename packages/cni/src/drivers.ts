import { hostname } from 'node:os'
import type { Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { runPlugin } from './exec/run-plugin.ts'
import { createCniLog } from './logging/log.ts'
import type { CniDrivers } from './ports.ts'

export interface CniDriverOptions {
  readonly openDatastore: CniDrivers['openDatastore']
  /** Takes all log lines. Without it they go to standard error and the file that the network config names. */
  readonly log?: Log
  /** An agent that writes endpoint status files runs here, so the result waits for them. */
  readonly agentPresent?: boolean
}

/** The real kernel, clock, plugins and logs, over a store of the caller's choice. */
export function createCniDrivers({ openDatastore, log, agentPresent = false }: CniDriverOptions): CniDrivers {
  return {
    openDatastore,
    agentPresent,
    runPlugin,
    hostname,
    clock: systemClock,
    random: systemRandom,
    openLog: (options) => log ?? createCniLog(options),
    async openPodNetwork() {
      // Native code, which asking an agent does without.
      const { openPodNetwork } = await import('./network/kernel-network.ts')
      return openPodNetwork(systemClock)
    },
  }
}
