import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'policy/unknown-endpoint': errorKind(
    false,
    (f: { readonly endpoint: string }) =>
      `endpoint: there is no WorkloadEndpoint ${JSON.stringify(f.endpoint)}; write <namespace>/<name> of one that exists`,
  ),
  'policy/bad-flow': errorKind(
    false,
    (f: { readonly field: string; readonly why: string }) => `flow.${f.field}: ${f.why}`,
  ),
}

export type PolicyErrorCode = keyof typeof kinds
export type PolicyErrorFacts<C extends PolicyErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Questions that have no answer. Resources that are wrong are no errors: the engine reports them as problems. */
export class PolicyError<C extends PolicyErrorCode = PolicyErrorCode> extends TortieError<C, PolicyErrorFacts<C>> {
  constructor(code: C, facts: PolicyErrorFacts<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<PolicyErrorFacts<C>>, facts, options)
  }
}
