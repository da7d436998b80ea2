import { list, object, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

export const networkSetSpec = once(() => object({ nets: optional(list(text())) }))

export interface NetworkSetSpec extends Infer<typeof networkSetSpec> {}
export interface NetworkSet extends Resource<'NetworkSet', NetworkSetSpec> {}
export interface GlobalNetworkSet extends Resource<'GlobalNetworkSet', NetworkSetSpec> {}
