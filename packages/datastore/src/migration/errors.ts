import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

interface Foreign {
  readonly store: string
  /** The first of them. */
  readonly keys: readonly string[]
  readonly count: number
}

const kinds = {
  'migration/no-cluster': errorKind(
    false,
    (f: { readonly store: string; readonly why: string }) =>
      `${f.store} holds no cluster: ${f.why}; lock it once, which makes what is missing`,
  ),
  'migration/foreign': errorKind(
    false,
    (f: Foreign) =>
      `${f.store} already has ${f.count} entries that are not as in the source (${f.keys.join(', ')}` +
      `${f.count > f.keys.length ? ', …' : ''}); migrate into an empty datastore`,
  ),
  'migration/other-source': errorKind(
    false,
    (f: { readonly store: string; readonly cluster: string; readonly found: string }) =>
      `a migration of the cluster ${f.found} into ${f.store} has begun, not one of ${f.cluster}; end that one, or empty ` +
      'the datastore',
  ),
  'migration/unlocked': errorKind(
    false,
    (f: { readonly store: string }) =>
      `${f.store} was unlocked while the migration was under way: what was written to it since would be lost; lock it ` +
      'again to go on, or empty the target',
  ),
  'migration/unsettled': errorKind(
    true,
    (f: { readonly rounds: number; readonly key: string }) =>
      `after ${f.rounds} rounds the datastores still differ, in ${f.key}: stop what writes to them, then try again`,
  ),
}

type Kinds = typeof kinds
export type MigrationErrorCode = keyof Kinds
type FactsOf<C extends MigrationErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** Why a datastore is not, or not yet, moved. Nothing was lost: after the cure the same call goes on. */
export class MigrationError<C extends MigrationErrorCode = MigrationErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts)
  }
}
