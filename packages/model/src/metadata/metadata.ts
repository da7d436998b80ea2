import * as z from 'zod/mini'
import { boolean, int, list, object, optional, record, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'

const ownerReference = once(() =>
  object({
    apiVersion: text(),
    kind: text(),
    name: text(),
    uid: text(),
    controller: optional(boolean()),
    blockOwnerDeletion: optional(boolean()),
  }),
)

/** The shape of `metadata`; what its names, labels and annotations may hold is checked by `metadataErrors`. */
export const metadata = once(() =>
  object({
    name: text(),
    namespace: optional(text()),
    uid: optional(text()),
    resourceVersion: optional(text()),
    creationTimestamp: optional(z.nullable(text())),
    deletionTimestamp: optional(z.nullable(text())),
    deletionGracePeriodSeconds: optional(int()),
    generateName: optional(text()),
    generation: optional(int()),
    labels: optional(record(text())),
    annotations: optional(record(text())),
    ownerReferences: optional(list(ownerReference())),
    finalizers: optional(list(text())),
  }),
)

/**
 * Kubernetes ObjectMeta, as far as Calico uses it; other fields that were read are kept.
 * `resourceVersion` is opaque: the store's revision, decimal in etcd and the embedded store; it is never stored.
 * `creationTimestamp` is RFC 3339, whole seconds, UTC; null when unset, as Go writes it.
 */
export interface Metadata extends Infer<typeof metadata> {}
