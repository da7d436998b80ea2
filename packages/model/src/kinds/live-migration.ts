import { type Finding, findings, object, optional, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { selector } from '../schema/values.ts'
import type { Resource } from './resource.ts'

/** Of a pod the host is not needed: its id is unique by itself. */
const workload = () => ({ hostname: sparse(text()), orchestratorID: sparse(text()), workloadID: sparse(text()) })

const endpoint = once(() => object({ ...workload(), endpointID: sparse(text()) }))

function exactlyOne<K extends string>(...fields: readonly K[]) {
  return findings(function* (value: { readonly [F in K]?: unknown }): Generator<Finding> {
    if (fields.filter((field) => value[field] !== undefined).length !== 1)
      yield { at: [], reason: `exactly one of the fields in [${fields.join(' ')}] must be set` }
  })
}

/** A virtual machine on its way from one host to another: as a whole, or one of its interfaces (spec 01 §1.16). */
export const liveMigrationSpec = once(() =>
  object({
    source: optional(
      object({ workload: optional(object(workload())), workloadEndpoint: optional(endpoint()) }).check(
        exactlyOne('workload', 'workloadEndpoint'),
      ),
    ),
    target: optional(
      object({ selector: optional(selector()), workloadEndpoint: optional(endpoint()) }).check(
        exactlyOne('selector', 'workloadEndpoint'),
      ),
    ),
  }),
)

export interface LiveMigrationSpec extends Infer<typeof liveMigrationSpec> {}
export interface LiveMigration extends Resource<'LiveMigration', LiveMigrationSpec> {}
