import { boolean, object, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

export const clusterInformationSpec = once(() =>
  object({
    clusterGUID: optional(text()),
    /** A comma-separated list. */
    clusterType: optional(text()),
    calicoVersion: optional(text()),
    /** Anything but true means that agents wait. */
    datastoreReady: optional(boolean()),
    variant: optional(text()),
  }),
)

export interface ClusterInformationSpec extends Infer<typeof clusterInformationSpec> {}
export interface ClusterInformation extends Resource<'ClusterInformation', ClusterInformationSpec> {}
