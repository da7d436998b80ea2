import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

interface AtPath {
  readonly path: string
}

const kinds = {
  'embedded/not-a-directory': errorKind(
    false,
    (f: AtPath) =>
      `the store ${f.path} is not a directory; give the path of a directory, which is made if it is absent`,
  ),
  'embedded/absent': errorKind(
    false,
    (f: AtPath) => `there is no store at ${f.path}: correct the path, or make it by writing something there first`,
  ),
  'embedded/not-writable': errorKind(
    false,
    (f: AtPath & { readonly why: string }) =>
      `the store ${f.path} cannot be written: ${f.why}; run as the user that owns it, or give another path`,
  ),
  'embedded/foreign': errorKind(
    false,
    (f: AtPath) => `${f.path} is not a Tortie datastore; it was left untouched: give another path`,
  ),
  'embedded/version': errorKind(
    false,
    (f: AtPath & { readonly found: number; readonly known: number }) =>
      `${f.path} has the format ${f.found}, this release knows ${f.known}; use the release that wrote it, or a newer one`,
  ),
  'embedded/corrupt': errorKind(
    false,
    (f: AtPath & { readonly why: string }) =>
      `${f.path} is damaged (${f.why}); stop what uses it and restore the directory from a backup`,
  ),
}

type Kinds = typeof kinds
export type EmbeddedStoreErrorCode = keyof Kinds
type FactsOf<C extends EmbeddedStoreErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** What is wrong with the directory of a store. None is retryable; what may pass is DatastoreError `Unavailable`. */
export class EmbeddedStoreError<C extends EmbeddedStoreErrorCode = EmbeddedStoreErrorCode> extends TortieError<
  C,
  FactsOf<C>
> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts, options)
  }
}
