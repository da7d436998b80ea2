import { containsPrefix } from '@tortie/ip'
import { complaintOf } from '../scalars/bad-value.ts'
import { hasPorts } from '../scalars/protocol.ts'
import type { Finding } from '../schema/fields.ts'
import { tryPrefix } from '../schema/formats.ts'

/** What endpoints may not combine (spec 01 §1.9). */

interface Nat {
  readonly internalIP: string
  readonly externalIP: string
}

export function* endpointPortFindings(port: {
  readonly name: string
  readonly hostPort: number
  readonly protocol: number | string
}): Generator<Finding> {
  if (complaintOf(() => hasPorts(port.protocol)) === undefined && !hasPorts(port.protocol))
    yield { at: ['protocol'], reason: 'WorkloadEndpointPort protocol does not support ports; write TCP, UDP or SCTP' }
  if (port.name === '' && port.hostPort === 0)
    yield { at: ['name'], reason: 'WorkloadEndpointPort name must not be empty if no HostPort is specified' }
}

export function* ipNatFindings({ internalIP, externalIP }: Nat): Generator<Finding> {
  const [internal, external] = [tryPrefix(internalIP), tryPrefix(externalIP)]
  if (internal && external && internal.family !== external.family)
    yield { at: ['externalIP'], reason: 'mismatched IP versions' }
}

export function* workloadEndpointFindings(spec: {
  readonly ipNetworks?: readonly string[] | undefined
  readonly ipNATs?: readonly Nat[] | undefined
}): Generator<Finding> {
  const networks = (spec.ipNetworks ?? []).map(tryPrefix)
  for (const [i, network] of networks.entries())
    if (network && network.length !== (network.family === 4 ? 32 : 128))
      yield {
        at: ['ipNetworks', i],
        reason: `IP network contains multiple addresses; write an address with /${network.family === 4 ? 32 : 128}`,
      }
  for (const [i, { internalIP }] of (spec.ipNATs ?? []).entries()) {
    const internal = tryPrefix(internalIP)
    if (internal && !networks.some((network) => network && containsPrefix(network, internal)))
      yield { at: ['ipNATs', i, 'internalIP'], reason: 'NAT is not in the endpoint networks; add it to ipNetworks' }
  }
}
