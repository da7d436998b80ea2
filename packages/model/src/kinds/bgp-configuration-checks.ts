import type { FieldError } from '../errors.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import { parseCommunity } from '../scalars/community.ts'
import type { Finding } from '../schema/fields.ts'
import type { BGPConfiguration, BGPConfigurationSpec } from './bgp-configuration.ts'

/** What BGPConfigurations may not combine (spec 01 §1.13). */

interface CheckedConfiguration {
  readonly nodeToNodeMeshEnabled?: boolean | undefined
  readonly nodeMeshPassword?: object | undefined
  readonly nodeMeshMaxRestartTime?: string | undefined
  readonly communities?: readonly { readonly name: string }[] | undefined
  readonly prefixAdvertisements?: readonly { readonly communities: readonly string[] }[] | undefined
}

export function* bgpConfigurationFindings(spec: CheckedConfiguration): Generator<Finding> {
  for (const field of ['nodeMeshPassword', 'nodeMeshMaxRestartTime'] as const)
    if (spec.nodeToNodeMeshEnabled === false && spec[field] !== undefined)
      yield { at: [field], reason: `${field} cannot be set when nodeToNodeMeshEnabled is false` }
  const { communities = [], prefixAdvertisements = [] } = spec
  if (communities.length > 0 && prefixAdvertisements.length === 0)
    yield { at: ['communities'], reason: 'communities are defined but not used in prefixAdvertisements' }
  const names = new Set(communities.map(({ name }) => name))
  for (const [i, advertisement] of prefixAdvertisements.entries())
    for (const [j, used] of advertisement.communities.entries())
      if (!names.has(used) && complaintOf(() => parseCommunity(used)) !== undefined)
        yield {
          at: ['prefixAdvertisements', i, 'communities', j],
          reason: 'community used is invalid or not defined; write a value, or a name of spec.communities',
        }
}

const defaultOnly = [
  'nodeToNodeMeshEnabled',
  'asNumber',
  'serviceLoadBalancerIPs',
  'serviceExternalIPs',
  'serviceClusterIPs',
  'nodeMeshPassword',
  'nodeMeshMaxRestartTime',
] as const satisfies readonly (keyof BGPConfigurationSpec)[]

/** What concerns all nodes stands in `default` alone. */
export function* bgpConfigurationChecks({ metadata, spec }: BGPConfiguration): Generator<FieldError> {
  if (metadata.name === 'default') return
  for (const field of defaultOnly)
    if (spec[field] !== undefined)
      yield {
        path: `spec.${field}`,
        value: spec[field],
        reason: `Cannot set ${field} on a non default BGP Configuration; set it on the one named 'default'`,
      }
}
