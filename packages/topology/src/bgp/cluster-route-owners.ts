import type { BgpProblem } from './program.ts'

/** Who writes the routes to other nodes' pods, by class of pool. VXLAN is never BGP's. */
export interface ClusterRouteOwners {
  readonly ipip: Owner
  readonly noEncap: Owner
}
export type Owner = 'bgp' | 'routing'

/** `programClusterRoutes` of the two configurations; unset, or a word that nobody knows, is the default. */
export interface ClusterRouteFields {
  readonly bgp?: string | undefined
  readonly felix?: string | undefined
}

const claims: Readonly<Record<string, Readonly<Record<keyof ClusterRouteOwners, boolean>>>> = {
  Enabled: { ipip: true, noEncap: true },
  Disabled: { ipip: false, noEncap: false },
  EnabledIPIPOnly: { ipip: true, noEncap: false },
  EnabledNoEncapOnly: { ipip: false, noEncap: true },
}
const defaults = { bgp: 'EnabledNoEncapOnly', felix: 'EnabledIPIPOnly' } as const

/**
 * One owner for each class from two fields that should complement each other (spec 05 A8). Where they do not, the field
 * that was set wins over one that was not, and BGP's over Felix's.
 */
export function clusterRouteOwners(fields: ClusterRouteFields): {
  readonly owners: ClusterRouteOwners
  readonly problems: readonly BgpProblem[]
} {
  const problems: BgpProblem[] = []
  const claim = (who: 'bgp' | 'felix') => claims[fields[who] ?? ''] ?? claims[defaults[who]]
  const isSet = (who: 'bgp' | 'felix'): boolean => Object.hasOwn(claims, fields[who] ?? '')
  const ownerOf = (kind: keyof ClusterRouteOwners): Owner => {
    const bgp = claim('bgp')?.[kind] ?? false
    const felix = claim('felix')?.[kind] ?? false
    const owner: Owner = (isSet('felix') && !isSet('bgp') ? !felix : bgp) ? 'bgp' : 'routing'
    if (bgp === felix)
      problems.push({
        code: 'route-owners',
        objects: ['BGPConfiguration(default)', 'FelixConfiguration(default)'],
        why:
          `programClusterRoutes of ${bgp ? 'both claim' : 'neither claims'} the ${kind === 'ipip' ? 'IP-in-IP' : 'unencapsulated'} ` +
          `pools; ${owner === 'bgp' ? 'BGP' : 'the routing program'} has them`,
      })
    return owner
  }
  return { owners: { ipip: ownerOf('ipip'), noEncap: ownerOf('noEncap') }, problems }
}
