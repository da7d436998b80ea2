import type { Call } from '@tortie/runtime'
import { checkNetworkConfig } from '../config/network-config.ts'
import { CniError, errorReply } from '../errors.ts'
import { readMtu } from '../identity/mtu.ts'
import { readNodeName } from '../identity/node-name.ts'
import type { Session } from '../session.ts'
import { openStore, requireReady } from '../store/ready.ts'
import { addressSource } from './plain.ts'

/**
 * STATUS: whether an ADD could be served now.
 * @throws CniError cni/not-available saying what is missing
 */
export async function status(session: Session, call: Call): Promise<void> {
  const { config, drivers } = session
  try {
    checkNetworkConfig(config)
    const node = readNodeName(config, drivers.hostname)
    readMtu(config)
    using _ = await drivers.openPodNetwork()
    await using store = await openStore(session, call)
    await requireReady(store, call)
    await addressSource(session, store, node).status(call)
  } catch (cause) {
    call.signal.throwIfAborted()
    const { msg, details } = errorReply(cause)
    throw new CniError('cni/not-available', { why: `not ready for ADD: ${msg}`, ...(details && { details }) })
  }
}
