/** What the policy says, from the resources in the store alone: no kernel is asked. */
import { openEmbedded } from '@tortie/datastore-embedded'
import { createPolicyState, evaluateConnection } from '@tortie/policy'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import type { Party, Says } from './matrix.ts'

const protocolNumber = { tcp: 6, udp: 17, icmp4: 1, icmp6: 58 } as const
const kinds = [
  'WorkloadEndpoint',
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'Tier',
  'Profile',
  'NetworkSet',
  'GlobalNetworkSet',
] as const

export async function readOracle(store: string): Promise<Says> {
  const signal = AbortSignal.timeout(10_000)
  await using datastore = await openEmbedded(
    { path: store, clock: systemClock, random: systemRandom, log: silentLog },
    { signal },
  )
  const lists = await Promise.all(kinds.map((kind) => datastore.list({ kind }, { signal })))
  const state = createPolicyState(lists.flatMap(({ items }) => [...items]))
  return (from, to, { protocol, port, family }) => {
    const address = (party: Party): string => (family === 4 ? party.ipv4 : party.ipv6)
    const flow = {
      source: address(from),
      destination: address(to),
      protocol: protocol === 'icmp' ? protocolNumber[`icmp${family}`] : protocolNumber[protocol],
      ...(protocol === 'icmp'
        ? { icmpType: family === 4 ? 8 : 128, icmpCode: 0 }
        : { sourcePort: 40_000, destinationPort: port }),
    }
    return evaluateConnection(state, flow).verdict === 'allow'
  }
}
