import { list, object, sparse, text } from '../schema/fields.ts'
import { cidrComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

/** Host bits may be set, unlike in rules (spec 01 §6, trap 7). */
export const networkSetSpec = once(() => object({ nets: sparse(list(text((value) => cidrComplaint(value)))) }))

export interface NetworkSetSpec extends Infer<typeof networkSetSpec> {}
export interface NetworkSet extends Resource<'NetworkSet', NetworkSetSpec> {}
export interface GlobalNetworkSet extends Resource<'GlobalNetworkSet', NetworkSetSpec> {}
