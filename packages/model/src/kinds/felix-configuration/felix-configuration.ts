import { object, optional, text } from '../../schema/fields.ts'
import type { Infer } from '../../schema/infer.ts'
import { once } from '../../schema/once.ts'
import type { Resource } from '../resource.ts'
import { bpfFields } from './bpf.ts'
import { dataplaneFields } from './dataplane.ts'
import { processFields } from './process.ts'
import { routingFields } from './routing.ts'

export const felixConfigurationSpec = once(() =>
  object({
    /** Only on objects named neither `default` nor `node.…`: the nodes that the object is for. Never a parameter. */
    nodeSelector: optional(text({ max: 1024 })),
    ...processFields(),
    ...dataplaneFields(),
    ...routingFields(),
    ...bpfFields(),
  }),
)

export interface FelixConfigurationSpec extends Infer<typeof felixConfigurationSpec> {}
export interface FelixConfiguration extends Resource<'FelixConfiguration', FelixConfigurationSpec> {}
