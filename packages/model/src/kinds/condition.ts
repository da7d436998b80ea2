import { int, object, oneOf, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'

/** A Kubernetes status condition, as Tier and IPPool carry. */
export const condition = once(() =>
  object({
    type: text(),
    status: oneOf('True', 'False', 'Unknown'),
    reason: optional(text()),
    message: optional(text()),
    lastTransitionTime: optional(text()),
    observedGeneration: optional(int()),
  }),
)

export interface Condition extends Infer<typeof condition> {}
