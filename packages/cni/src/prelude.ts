import { statSync } from 'node:fs'
import type { Call } from '@tortie/runtime'
import { CniError } from './errors.ts'
import type { PodNetwork } from './network/pod-network.ts'
import type { Session } from './session.ts'

const gateIntervalMs = 5_000
const gatesMs = 30_000

/**
 * The container's namespace must be there and must not be the host's own, of which a plugin would make a container.
 * @throws CniError cni/unknown-container, cni/own-netns
 */
export function requireNetns({ invocation }: Session, network: PodNetwork): void {
  const { netns } = invocation
  if (statSync(netns, { throwIfNoEntry: false }) === undefined)
    throw new CniError(
      'cni/unknown-container',
      `there is no network namespace at CNI_NETNS ${netns}: the container is gone, or the path is wrong`,
    )
  refuseOwnNetns(invocation, network)
}

/** @throws CniError cni/own-netns, spec 04 §2 code 8, before anything is done */
export function refuseOwnNetns({ netns, ownNetnsAllowed }: Session['invocation'], network: PodNetwork): void {
  if (ownNetnsAllowed || netns === '' || !network.isOwnNetns(netns)) return
  throw new CniError(
    'cni/own-netns',
    `CNI_NETNS ${netns} is the plugin's own network namespace; set CNI_NETNS_OVERRIDE=TRUE if that is meant`,
  )
}

/**
 * Waits until each URL of `readiness_gates` answers 200 to 399, one after the other: spec 04 §6 step 7, but the first
 * question is asked at once.
 * @throws CniError cni/bad-config for what is no URL, cni/try-again after 30 s
 */
export async function waitForGates({ config, drivers }: Session, call: Call): Promise<void> {
  for (const gate of config.readiness_gates) {
    if (!URL.canParse(gate)) throw new CniError('cni/bad-config', `readiness_gates: ${JSON.stringify(gate)} is no URL`)
    const until = drivers.clock.monotonicMs() + gatesMs
    while (!(await isOpen(gate, call))) {
      if (drivers.clock.monotonicMs() + gateIntervalMs > until)
        throw new CniError('cni/try-again', `readiness gate ${gate} did not open in ${gatesMs / 1000} s`)
      await drivers.clock.sleep(gateIntervalMs, call)
    }
  }
}

async function isOpen(url: string, { signal }: Call): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(gateIntervalMs)]) })
    await response.body?.cancel()
    return response.status >= 200 && response.status < 400
  } catch {
    signal.throwIfAborted()
    return false
  }
}
