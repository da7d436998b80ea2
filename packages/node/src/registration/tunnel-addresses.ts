import { type Datastore, followResources } from '@tortie/datastore'
import type { Ipam } from '@tortie/ipam'
import { type Call, type Clock, createBackoff, type Log, type Random } from '@tortie/runtime'

export interface TunnelAddressPorts {
  readonly datastore: Datastore
  readonly ipam: Ipam
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Keeps the node's tunnel addresses (VXLAN and the like) as its pools want them: taken when a pool begins to encapsulate,
 * given back when none does any more. Spec 03 §15. Ends only by throwing: `signal.reason` on abort, or what following the
 * datastore throws.
 */
export async function keepTunnelAddresses(node: string, ports: TunnelAddressPorts, call: Call): Promise<never> {
  const backoff = createBackoff(ports, { firstMs: 200, longestMs: 30_000 })
  for await (const { inSync, changes } of followResources(ports.datastore, ['IPPool', 'Node'], ports, call)) {
    const concerns = changes.some((change) => {
      const { kind, name } = change.type === 'put' ? { ...change.item.metadata, kind: change.item.kind } : change.key
      return kind === 'IPPool' || name === node
    })
    if (!inSync || !concerns) continue
    for (;;) {
      try {
        await ports.ipam.ensureTunnelAddresses({ node }, call)
        backoff.reset()
        break
      } catch (error) {
        call.signal.throwIfAborted()
        ports.log.warn('node.tunnel-address.failed', { node, error })
        await backoff.wait(call)
      }
    }
  }
  throw new Error('following the datastore ended')
}
