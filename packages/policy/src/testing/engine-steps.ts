import type { PolicyDelta } from '@tortie/dataplane'
import type { AnyResource } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { createPolicyEngine, type PolicyEngine } from '../engine/engine.ts'

/** For node `n1`; nothing is flushed yet. */
export function engineWith(...resources: readonly AnyResource[]): PolicyEngine {
  const engine = createPolicyEngine({ node: 'n1', log: silentLog })
  put(engine, ...resources)
  return engine
}

export function put(engine: PolicyEngine, ...resources: readonly AnyResource[]): void {
  engine.apply(resources.map((item) => ({ type: 'put', item })))
}

export function remove(engine: PolicyEngine, { kind, metadata: { name, namespace } }: AnyResource): PolicyDelta {
  engine.apply({ type: 'delete', key: { kind, name, ...(namespace !== undefined && { namespace }) } })
  return engine.flush()
}

export function change(engine: PolicyEngine, ...resources: readonly AnyResource[]): PolicyDelta {
  put(engine, ...resources)
  return engine.flush()
}
