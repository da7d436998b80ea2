import type { FieldError } from '../../errors.ts'
import { findings, object, optional } from '../../schema/fields.ts'
import type { Infer } from '../../schema/infer.ts'
import { once } from '../../schema/once.ts'
import { selector } from '../../schema/values.ts'
import type { Resource } from '../resource.ts'
import { bpfFields } from './bpf.ts'
import { dataplaneFields } from './dataplane.ts'
import { processFields } from './process.ts'
import { routingFields } from './routing.ts'

/** Tables that routeTableRanges may take in all. */
const maxRouteTables = 0xffff

export const felixConfigurationSpec = once(() =>
  object({
    /** Only on objects named neither `default` nor `node.…`: the nodes that the object is for. Never a parameter. */
    nodeSelector: optional(selector()),
    ...processFields(),
    ...dataplaneFields(),
    ...routingFields(),
    ...bpfFields(),
  }).check(
    findings(function* ({ routeTableRange, routeTableRanges }) {
      if (routeTableRange !== undefined && routeTableRanges !== undefined)
        yield { at: ['routeTableRange'], reason: 'cannot be set when `routeTableRanges` is also set; leave it out' }
      const tables = (routeTableRanges ?? []).reduce((sum, { min, max }) => sum + max - min + 1, 0)
      if (tables > maxRouteTables)
        yield { at: ['routeTableRanges'], reason: `targets too many tables: at most ${maxRouteTables}` }
    }),
  ),
)

/** One that is for all nodes or for one node by its name selects none. */
export function* felixConfigurationChecks({ metadata: { name }, spec }: FelixConfiguration): Generator<FieldError> {
  if (spec.nodeSelector === undefined || (name !== 'default' && !name.startsWith('node.'))) return
  yield {
    path: 'spec.nodeSelector',
    value: spec.nodeSelector,
    reason: `cannot be set on the FelixConfiguration '${name}', whose name says for which nodes it is; give it another name`,
  }
}

export interface FelixConfigurationSpec extends Infer<typeof felixConfigurationSpec> {}
export interface FelixConfiguration extends Resource<'FelixConfiguration', FelixConfigurationSpec> {}
