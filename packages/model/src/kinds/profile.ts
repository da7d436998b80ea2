import { labelsCheck } from '../metadata/metadata.ts'
import { list, object, record, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'
import { rule } from './rule.ts'

export const profileSpec = once(() =>
  object({
    ingress: sparse(list(rule(), 1024)),
    egress: sparse(list(rule(), 1024)),
    labelsToApply: sparse(record(text()).check(labelsCheck())),
  }),
)

export interface ProfileSpec extends Infer<typeof profileSpec> {}
export interface Profile extends Resource<'Profile', ProfileSpec> {}
