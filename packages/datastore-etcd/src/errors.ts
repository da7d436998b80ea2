import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'etcd/bad-options': errorKind(false, (f: { readonly why: string; readonly cure: string }) => `${f.why}; ${f.cure}`),
  'etcd/refused': errorKind(
    false,
    (f: { readonly store: string; readonly why: string; readonly cure: string }) =>
      `etcd at ${f.store} refused the request: ${f.why}; ${f.cure}`,
  ),
}

type Kinds = typeof kinds
export type EtcdErrorCode = keyof Kinds
type FactsOf<C extends EtcdErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** What trying again does not cure. What may pass is DatastoreError `Unavailable`; refused access is `Unauthorized`. */
export class EtcdError<C extends EtcdErrorCode = EtcdErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts, options)
  }
}
