/** Policies and endpoints to a policy program, incrementally; evaluate and explain. */
export type { PolicyChange } from './change.ts'
export { createPolicyEngine, type PolicyEngine, type PolicyEngineOptions } from './engine/engine.ts'
export type { Problem } from './engine/problems.ts'
export { PolicyError, type PolicyErrorCode, type PolicyErrorFacts } from './errors.ts'
export { type ConnectionDecision, evaluate, evaluateConnection, type Query } from './evaluate/evaluate.ts'
export { createPolicyState, type PolicyState } from './evaluate/state.ts'
