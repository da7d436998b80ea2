import type { ResourceKey } from '@tortie/datastore'
import type { AnyResource, Kind } from '@tortie/model'

/** One thing that happened in the datastore. Kinds that have no part in policy are accepted and ignored. */
export type PolicyChange =
  | { readonly type: 'put'; readonly item: AnyResource }
  | { readonly type: 'delete'; readonly key: ResourceKey }
  /** Everything there is of one kind: what is not listed is gone. */
  | { readonly type: 'snapshot'; readonly kind: Kind; readonly items: readonly AnyResource[] }
