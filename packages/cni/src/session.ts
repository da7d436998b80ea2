import type { Log } from '@tortie/runtime'
import type { NetworkConfig } from './config/network-config.ts'
import { CniError } from './errors.ts'
import type { CniDrivers, CniRequest } from './ports.ts'
import { type CniArgs, parseArgs } from './protocol/args.ts'
import type { Invocation } from './protocol/environment.ts'
import type { CniVersion } from './protocol/versions.ts'

/** One command with everything that was read for it: what each handler is given. */
export interface Session {
  readonly invocation: Invocation
  readonly config: NetworkConfig
  readonly args: CniArgs
  readonly version: CniVersion
  readonly env: CniRequest['env']
  readonly drivers: CniDrivers
  readonly log: Log
}

/**
 * CNI_ARGS of a container outside Kubernetes.
 * @throws CniError cni/set-up for malformed arguments, cni/unsupported for a Kubernetes pod
 */
export function parsePlainArgs(text: string): CniArgs {
  const args = parseArgs(text)
  if (args.podName !== undefined && args.podNamespace !== undefined)
    throw new CniError(
      'cni/unsupported',
      `CNI_ARGS names the Kubernetes pod ${args.podNamespace}/${args.podName}: pods need datastore_type kubernetes, ` +
        'which is not supported yet; leave out K8S_POD_NAME and K8S_POD_NAMESPACE',
    )
  return args
}
