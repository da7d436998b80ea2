import type { Kind, ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { ResourceKey } from '../contract.ts'
import { checkFiltersExist } from './bgp-peer.ts'
import { createNodePrerequisites, deleteNode } from './node.ts'
import { checkNewPool, deletePool } from './pool.ts'
import type { ClientContext } from './ports.ts'
import { checkTierExists, deleteTier } from './tier.ts'

export interface DeleteOptions {
  /** Delete only this revision. */
  readonly revision?: string
}

type Check<K extends Kind> = (context: ClientContext, resource: ResourceOf<K>, call: Call) => Promise<void>

/** What Calico's client does with a kind that takes more than the object itself (spec 01 §1.5–1.14). */
export interface StoreRules<K extends Kind> {
  /** Before a create, with the object as it will be written. Throws to refuse it. */
  readonly beforeCreate?: Check<K>
  /** Before an update, likewise. */
  readonly beforeUpdate?: Check<K>
  /** Instead of the plain delete. */
  readonly remove?: (
    context: ClientContext,
    key: ResourceKey<K>,
    options: DeleteOptions,
    call: Call,
  ) => Promise<ResourceOf<K>>
  /** Events of a watch show what Get and List show; of the other kinds they are as stored. */
  readonly presentEvents?: boolean
}

export const storeRules: { readonly [K in Kind]?: StoreRules<K> } = {
  BGPPeer: { beforeCreate: checkFiltersExist, beforeUpdate: checkFiltersExist },
  GlobalNetworkPolicy: { beforeCreate: checkTierExists, presentEvents: true },
  IPPool: { beforeCreate: checkNewPool, remove: deletePool },
  NetworkPolicy: { beforeCreate: checkTierExists, presentEvents: true },
  Node: { beforeCreate: createNodePrerequisites, remove: deleteNode },
  StagedGlobalNetworkPolicy: { beforeCreate: checkTierExists, presentEvents: true },
  StagedNetworkPolicy: { beforeCreate: checkTierExists, presentEvents: true },
  Tier: { remove: deleteTier },
}
