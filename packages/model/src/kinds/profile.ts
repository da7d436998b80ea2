import { list, object, optional, record, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'
import { rule } from './rule.ts'

export const profileSpec = once(() =>
  object({
    ingress: optional(list(rule(), 1024)),
    egress: optional(list(rule(), 1024)),
    labelsToApply: optional(record(text())),
  }),
)

export interface ProfileSpec extends Infer<typeof profileSpec> {}
export interface Profile extends Resource<'Profile', ProfileSpec> {}
