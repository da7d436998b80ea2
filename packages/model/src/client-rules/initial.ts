import type { ClusterInformation } from '../kinds/cluster-information.ts'
import type { Profile } from '../kinds/profile.ts'
import { apiVersion } from '../kinds/resource.ts'
import { builtInTiers, type Tier } from '../kinds/tier.ts'
import { wellKnown } from '../names/labels.ts'

/** What every datastore holds, made by `EnsureInitialized` (spec 01 §1.17). */
export function initialTiers(): readonly Tier[] {
  return Object.entries(builtInTiers).map(([name, spec]) => ({ apiVersion, kind: 'Tier', metadata: { name }, spec }))
}

export interface ClusterFacts {
  /** Of the software that starts; empty leaves what is there. */
  readonly version?: string
  /** Comma-separated list; what is missing is added. */
  readonly type?: string
  /** For a cluster that has none: 32 hex digits, a UUID without dashes. */
  readonly guid: string
}

/**
 * ClusterInformation `default` after `EnsureInitialized`; `current` itself when nothing needs to change. An explicit
 * `datastoreReady: false` stays (spec 01 §1.17, §5.1).
 */
export function initialClusterInformation(
  { version = '', type = '', guid }: ClusterFacts,
  current?: ClusterInformation,
): ClusterInformation {
  const spec = current?.spec ?? {}
  const have = (spec.clusterType ?? '').split(',').filter(Boolean)
  const clusterType = [...have, ...type.split(',').filter((item) => item !== '' && !have.includes(item))].join(',')
  const wanted: ClusterInformation['spec'] = {
    ...spec,
    clusterGUID: spec.clusterGUID || guid,
    datastoreReady: spec.datastoreReady ?? true,
    ...((version || spec.calicoVersion) && { calicoVersion: version || spec.calicoVersion || '' }),
    ...(clusterType && { clusterType }),
  }
  if (current === undefined)
    return { apiVersion, kind: 'ClusterInformation', metadata: { name: 'default' }, spec: wanted }
  const same = (Object.keys(wanted) as (keyof typeof wanted)[]).every((key) => wanted[key] === spec[key])
  return same ? current : { ...current, spec: wanted }
}

/** The profile that allows everything. It is in every Get and List, and in no store. */
export const defaultAllowProfile: Profile = {
  apiVersion,
  kind: 'Profile',
  metadata: { name: wellKnown.defaultAllowProfile, resourceVersion: '1' },
  spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
}
