import { boolean, object, optional, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'

/** Where the password of a peering is: a key of a Secret of Kubernetes. */
export const bgpPassword = once(() =>
  object({
    secretKeyRef: optional(object({ name: sparse(text()), key: text(), optional: optional(boolean()) })),
  }),
)

export interface BGPPassword extends Infer<typeof bgpPassword> {}
