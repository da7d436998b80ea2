import { boolean, object, optional, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

export const clusterInformationSpec = once(() =>
  object({
    clusterGUID: sparse(text()),
    /** A comma-separated list. */
    clusterType: sparse(text()),
    calicoVersion: sparse(text()),
    /** Anything but true means that agents wait. */
    datastoreReady: optional(boolean()),
    variant: sparse(text()),
  }),
)

export interface ClusterInformationSpec extends Infer<typeof clusterInformationSpec> {}
export interface ClusterInformation extends Resource<'ClusterInformation', ClusterInformationSpec> {}
