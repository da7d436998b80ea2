import { existsSync } from 'node:fs'
import { endpointStatusName, type WorkloadEndpoint } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import type { Session } from '../session.ts'
import { waitForPolicy } from './wait.ts'

/** Seconds, when the network config does not say and an agent is there. */
const defaultTimeoutSeconds = 10

/**
 * Holds the result back until the agent reports the endpoint's policy in force (spec 04 §14). Without
 * `policy_setup_timeout_seconds` that is done wherever an agent reports at all; 0 turns it off.
 * @throws CniError cni/try-again when the time is over, unless `policy_setup_timeout_action` is `continue`
 */
export async function requirePolicy(session: Session, endpoint: WorkloadEndpoint, call: Call): Promise<void> {
  const { config, drivers, log } = session
  const dir = config.endpoint_status_dir
  const given = config.policy_setup_timeout_seconds
  const seconds = given ?? (drivers.agentPresent || existsSync(dir) ? defaultTimeoutSeconds : 0)
  if (seconds === 0) {
    if (given === undefined) log.warn('cni.policy.no-agent', { endpointStatusDir: dir })
    return
  }
  const { spec, metadata } = endpoint
  const file = endpointStatusName({ ...spec, namespace: metadata.namespace ?? 'default' })
  const expected = { interface: spec.interfaceName ?? '', mac: spec.mac ?? '', addresses: spec.ipNetworks ?? [] }
  if (await waitForPolicy({ dir, file, expected, timeoutMs: seconds * 1_000 }, drivers.clock, call)) return
  if (config.policy_setup_timeout_action === 'continue') {
    log.warn('cni.policy.timeout', { endpoint: metadata.name, seconds })
    return
  }
  throw new CniError(
    'cni/try-again',
    `the agent did not put the policy of ${metadata.name} in force within ${seconds} s: see its /readiness, or raise ` +
      'policy_setup_timeout_seconds',
    { cause: new Error(`no matching file ${JSON.stringify(file)} in endpoint_status_dir ${dir}`) },
  )
}
