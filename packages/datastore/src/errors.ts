import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

interface AboutObject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** `NetworkPolicy(prod/allow-dns)`: how messages name an object. */
export function describeKey({ kind, name, namespace }: AboutObject): string {
  return `${kind}(${namespace === undefined ? name : `${namespace}/${name}`})`
}

const kinds = {
  AlreadyExists: errorKind(false, (f: AboutObject) => `resource already exists: ${describeKey(f)}`),
  DoesNotExist: errorKind(false, (f: AboutObject) => `resource does not exist: ${describeKey(f)}`),
  Conflict: errorKind(
    true,
    (f: AboutObject & { readonly revision: string; readonly current?: string }) =>
      `update conflict: ${describeKey(f)} changed since revision ${f.revision}`,
  ),
  Unsupported: errorKind(
    false,
    (f: AboutObject & { readonly operation: string; readonly reason: string }) =>
      `operation ${f.operation} is not supported on ${describeKey(f)}: ${f.reason}`,
  ),
  BadKey: errorKind(
    false,
    (f: AboutObject & { readonly why: string }) => `${describeKey(f)} cannot be addressed: ${f.why}`,
  ),
  BadRevision: errorKind(false, (f: AboutObject & { readonly revision: string | undefined }) =>
    f.revision === undefined
      ? `${describeKey(f)} cannot be updated: metadata.resourceVersion is missing; get the object, change it, update it`
      : `${describeKey(f)} has the resourceVersion ${JSON.stringify(f.revision)}, which is no decimal number; get the object`,
  ),
  BadEntry: errorKind(
    false,
    (f: { readonly key: string; readonly why: string }) => `the stored value at ${f.key} cannot be read: ${f.why}`,
  ),
  Unavailable: errorKind(
    true,
    (f: { readonly store: string; readonly why: string }) => `the datastore ${f.store} cannot be reached: ${f.why}`,
  ),
  Compacted: errorKind(
    true,
    (f: { readonly store: string; readonly after: string }) =>
      `the datastore ${f.store} no longer knows what changed since revision ${f.after}; list again`,
  ),
  Closed: errorKind(false, (f: { readonly store: string }) => `the datastore ${f.store} was closed`),
  Unauthorized: errorKind(
    false,
    (f: { readonly store: string; readonly why: string }) => `the datastore ${f.store} refused access: ${f.why}`,
  ),
}

type Kinds = typeof kinds
export type DatastoreErrorCode = keyof Kinds
type FactsOf<C extends DatastoreErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** `code` is one of the names of the contract. */
export class DatastoreError<C extends DatastoreErrorCode = DatastoreErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts, options)
  }
}

/** Narrowing test: `isDatastoreError(error, 'DoesNotExist')`. */
export function isDatastoreError<C extends DatastoreErrorCode>(error: unknown, code: C): error is DatastoreError<C> {
  return error instanceof DatastoreError && error.code === code
}
