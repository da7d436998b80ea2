import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

/** One operation that the kernel refused. */
export interface RefusedOperation {
  /** Place in `transaction.operations`; -1 for the transaction as a whole, refused at its commit. */
  readonly index: number
  /** In nft words, e.g. `add chain inet tortie forward`. */
  readonly operation: string
  /** Positive. */
  readonly errno: number
  /** E.g. `ENOENT`. */
  readonly errnoName: string
  /** The kernel's own words (extended ack), when it had any. */
  readonly text?: string
}

/** The first refusal is the cause; the kernel looks at the rest of the batch all the same, so `more` often follow from it. */
export interface RefusedFacts extends RefusedOperation {
  readonly more: readonly RefusedOperation[]
}

const refused =
  (cure: string) =>
  ({ index, operation, errnoName, text, more }: RefusedFacts): string =>
    `${index < 0 ? '' : `operation ${index}, `}${operation}: ${errnoName}${text === undefined ? '' : ` (kernel: ${text})`}` +
    `${more.length === 0 ? '' : `, and ${more.length} more`}${cure === '' ? '' : `; ${cure}`}`

const kinds = {
  /** Nothing was applied. `facts.errno` says why. */
  'nftables/refused': errorKind<RefusedFacts>(false, refused('nothing was applied')),
  /** ENOENT: what the operation refers to is not there. */
  'nftables/missing': errorKind<RefusedFacts>(false, refused('nothing was applied')),
  /** EEXIST: it is there already, perhaps with other properties. */
  'nftables/exists': errorKind<RefusedFacts>(false, refused('nothing was applied')),
  /** EBUSY: it is still referred to. */
  'nftables/in-use': errorKind<RefusedFacts>(false, refused('remove what refers to it first; nothing was applied')),
  'nftables/not-permitted': errorKind<RefusedFacts>(false, refused('run as root or with CAP_NET_ADMIN')),
  'nftables/unsupported': errorKind<RefusedFacts>(
    false,
    refused('the running kernel lacks nf_tables or this part of it'),
  ),
  /** ENOMEM, ENOBUFS, EINTR, EAGAIN: may pass. */
  'nftables/overloaded': errorKind<RefusedFacts>(true, refused('nothing was applied')),
  /** ERESTART: somebody else changed the ruleset since `generation` was read. */
  'nftables/stale-generation': errorKind<{ readonly generation: number }>(
    true,
    ({ generation }) => `the ruleset changed since generation ${generation}; read it again, nothing was applied`,
  ),
  'nftables/no-answer': errorKind<{ readonly operations: number }>(
    false,
    ({ operations }) =>
      `the kernel did not acknowledge a transaction of ${operations} operations; read its state again`,
  ),
  'nftables/dump-interrupted': errorKind<{ readonly what: string }>(
    true,
    ({ what }) => `${what} changed while it was read; read it again`,
  ),
  'nftables/malformed': errorKind<{ readonly what: string }>(
    false,
    ({ what }) => `malformed nf_tables message: ${what}`,
  ),
  'nftables/bad-value': errorKind<{ readonly what: string; readonly why: string }>(
    false,
    ({ what, why }) => `${what}: ${why}`,
  ),
}

export type NftablesErrorCode = keyof typeof kinds
type FactsOf<C extends NftablesErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of this package. */
export class NftablesError<C extends NftablesErrorCode = NftablesErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as ErrorKind<FactsOf<C>>, facts, options)
  }
}

const byErrno: Readonly<
  Record<string, 'missing' | 'exists' | 'in-use' | 'not-permitted' | 'unsupported' | 'overloaded' | undefined>
> = {
  ENOENT: 'missing',
  EEXIST: 'exists',
  EBUSY: 'in-use',
  EPERM: 'not-permitted',
  EACCES: 'not-permitted',
  EOPNOTSUPP: 'unsupported',
  EPROTONOSUPPORT: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  ENOMEM: 'overloaded',
  ENOBUFS: 'overloaded',
  EINTR: 'overloaded',
  EAGAIN: 'overloaded',
}

/** The error for a refused operation, by its errno. */
export function refusedError(first: RefusedOperation, more: readonly RefusedOperation[]): NftablesError {
  return new NftablesError(`nftables/${byErrno[first.errnoName] ?? 'refused'}`, { ...first, more })
}

/** Whether `error` says that the kernel refused with this errno, e.g. `ENOENT`. */
export function isRefusedWith(error: unknown, errnoName: string): boolean {
  return error instanceof NftablesError && (error.facts as Partial<RefusedFacts>).errnoName === errnoName
}

export function badValue(what: string, why: string): NftablesError<'nftables/bad-value'> {
  return new NftablesError('nftables/bad-value', { what, why })
}
