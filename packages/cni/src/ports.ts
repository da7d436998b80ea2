import type { Datastore } from '@tortie/datastore'
import type { Call, Clock, Log, Random } from '@tortie/runtime'
import type { DatastoreChoice } from './config/datastore-choice.ts'
import type { LogOptions } from './logging/options.ts'
import type { PodNetwork } from './network/pod-network.ts'
import type { Environment } from './protocol/environment.ts'

/** One execution of the plugin, as the process that was started sees it. */
export interface CniRequest {
  /** File name it was started by: `tortie-cni`, `calico` or `calico-ipam`. */
  readonly program: string
  /** Command-line arguments after the program. */
  readonly args: readonly string[]
  readonly env: Environment
  /** The network config. Called at most once, and not when no CNI command is given. */
  readonly readStdin: () => string | Promise<string>
}

/** What the process has to print, and how it has to end. */
export interface CniReply {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Runs another plugin: its standard output, and whether it succeeded. Its standard error goes to ours. */
export interface DelegateReply {
  readonly stdout: string
  readonly exitCode: number
}

/** Everything that the commands touch outside themselves. `createCniDrivers` gives the real ones. */
export interface CniDrivers {
  /** Opened for one command and closed after it. */
  readonly openDatastore: (choice: DatastoreChoice, call: Call) => Promise<Datastore>
  readonly openPodNetwork: () => Promise<PodNetwork>
  readonly openLog: (options: LogOptions) => Log
  readonly runPlugin: (file: string, env: Environment, stdin: string, call: Call) => Promise<DelegateReply>
  /** Waits until no other command of this host holds the file's lock. */
  readonly lock: (file: string, call: Call) => Promise<Disposable>
  readonly clock: Clock
  readonly random: Random
  /** The operating system's name of this host. */
  readonly hostname: () => string
  /** An agent that writes endpoint status files is known to run here. */
  readonly agentPresent: boolean
}
