import { complaintOf } from '../scalars/bad-value.ts'
import { hasPorts } from '../scalars/protocol.ts'
import type { Finding } from '../schema/fields.ts'

/** What host endpoints may not combine (spec 01 §1.8). */

export function* hostPortFindings({ protocol }: { readonly protocol: number | string }): Generator<Finding> {
  if (complaintOf(() => hasPorts(protocol)) === undefined && !hasPorts(protocol))
    yield { at: ['protocol'], reason: 'EndpointPort protocol does not support ports; write TCP, UDP or SCTP' }
}

export function* hostEndpointFindings(spec: {
  readonly interfaceName?: string | undefined
  readonly expectedIPs?: readonly string[] | undefined
}): Generator<Finding> {
  if (!spec.interfaceName && !spec.expectedIPs?.length)
    yield { at: ['interfaceName'], reason: 'at least one of interfaceName or expectedIPs must be specified' }
}
