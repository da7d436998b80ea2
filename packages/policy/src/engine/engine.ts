import type { PolicyDelta, PolicyProgram } from '@tortie/dataplane'
import type { Log, Meter } from '@tortie/runtime'
import type { PolicyChange } from '../change.ts'
import type { Problem } from './problems.ts'
import { EngineState } from './state.ts'

export interface PolicyEngineOptions {
  /** Name of the node whose endpoints are enforced: `spec.node` of the WorkloadEndpoint, compared as it is. */
  readonly node: string
  /** Honour `allowSpoofedSourcePrefixes` (WorkloadSourceSpoofing=Any); otherwise endpoints with them are left out. */
  readonly sourceSpoofing?: boolean
  readonly log: Log
  /** Gets the gauges `felix_active_local_*` and `felix_cluster_num_*` at each flush. */
  readonly meter?: Meter
}

/**
 * Resources in, the policy program of one node out. Pure and synchronous. What comes out depends on what resources there
 * are, never on the order in which they came.
 */
export interface PolicyEngine {
  /** Takes changes in. Nothing is calculated that only a flush needs, so a first load is applied first and flushed once. */
  apply(changes: PolicyChange | readonly PolicyChange[]): void
  /**
   * What changed in the program since the last flush; the first flush carries all of it. Call it only once the whole of
   * the datastore was applied: before, endpoints would be enforced without policies that exist.
   */
  flush(): PolicyDelta
  /** The whole program as of the last flush: the sum of all deltas. Costs a copy. */
  program(): PolicyProgram
  /** Stored objects that cannot be taken as they are, with what is done instead. Rules are looked at once they are in use. */
  problems(): readonly Problem[]
}

export function createPolicyEngine(options: PolicyEngineOptions): PolicyEngine {
  const state = new EngineState(options)
  return {
    apply(changes) {
      if ('type' in changes) state.accept(changes)
      else for (const change of changes) state.accept(change)
    },
    flush: () => state.flush(),
    program: () => state.program(),
    problems: () => state.problems.all(),
  }
}
