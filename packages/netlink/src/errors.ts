import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'
import { errnoName, errnoOf } from './errno.ts'
import type { Answers, Refusal } from './wire/answers.ts'

/** What the kernel refused and what was asked of it. */
export interface RefusedFacts {
  /** Positive. */
  readonly errno: number
  readonly errnoName: string
  /** Place of the operation in the request, from 0; -1 for the batch as a whole. */
  readonly index: number
  /** What the operation was, e.g. `add route 10.1.0.0/26 dev eth0`. */
  readonly operation: string
  /** The kernel's own words, when it had any. */
  readonly text?: string
}

const refused =
  (cure: string) =>
  ({ errnoName, operation, text }: RefusedFacts): string =>
    `${operation}: ${errnoName}${text === undefined ? '' : ` (kernel: ${text})`}${cure === '' ? '' : `; ${cure}`}`

const kinds = {
  'netlink/exists': errorKind<RefusedFacts>(false, refused('')),
  'netlink/missing': errorKind<RefusedFacts>(false, refused('')),
  'netlink/not-permitted': errorKind<RefusedFacts>(false, refused('run as root or with CAP_NET_ADMIN')),
  'netlink/unsupported': errorKind<RefusedFacts>(false, refused('the running kernel lacks it')),
  'netlink/busy': errorKind<RefusedFacts>(true, refused('')),
  'netlink/refused': errorKind<RefusedFacts>(false, refused('')),
  'netlink/dump-interrupted': errorKind<{ readonly what: string }>(
    true,
    ({ what }) => `the kernel's ${what} changed while it was read; read it again`,
  ),
  'netlink/malformed': errorKind<{ readonly what: string }>(false, ({ what }) => `malformed netlink data: ${what}`),
  'netlink/bad-request': errorKind<{ readonly operation: string; readonly why: string }>(
    false,
    ({ operation, why }) => `${operation}: ${why}`,
  ),
}

export type NetlinkErrorCode = keyof typeof kinds
type FactsOf<C extends NetlinkErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of this package; `facts.errno` is there when the kernel refused. */
export class NetlinkError<C extends NetlinkErrorCode = NetlinkErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as ErrorKind<FactsOf<C>>, facts, options)
  }
}

const byErrno: Readonly<Record<string, 'exists' | 'missing' | 'not-permitted' | 'unsupported' | 'busy' | undefined>> = {
  EEXIST: 'exists',
  ENOENT: 'missing',
  ESRCH: 'missing',
  ENODEV: 'missing',
  EADDRNOTAVAIL: 'missing',
  EPERM: 'not-permitted',
  EACCES: 'not-permitted',
  EOPNOTSUPP: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  EPROTONOSUPPORT: 'unsupported',
  EBUSY: 'busy',
  EAGAIN: 'busy',
  EINTR: 'busy',
  ENOBUFS: 'busy',
  ENOMEM: 'busy',
  ERESTART: 'busy',
}

/** A request that the kernel refused. */
export type RefusalError = NetlinkError & { readonly facts: RefusedFacts }

/** The error for one refusal. @param index place of the operation in its request; -1 for the batch as a whole */
export function refusalError(refusal: Refusal, operation: string, index: number): RefusalError {
  const name = errnoName(refusal.errno)
  const facts: RefusedFacts = {
    errno: refusal.errno,
    errnoName: name,
    index,
    operation,
    ...(refusal.text === undefined ? {} : { text: refusal.text }),
  }
  return new NetlinkError(`netlink/${byErrno[name] ?? 'refused'}`, facts) as RefusalError
}

/**
 * Throws for the first refusal. @param operationOf place and label of the operation that was sent with a sequence number
 */
export function throwRefusal(
  answers: Answers,
  operationOf: (seq: number) => { readonly index: number; readonly label: string },
): void {
  const [first] = answers.refusals
  if (!first) return
  const { index, label } = operationOf(first.seq)
  throw refusalError(first, label, index)
}

/** Whether the kernel refused with this errno: `isRefusal(error, 'EEXIST')`. */
export function isRefusal(error: unknown, name: string): boolean {
  return error instanceof NetlinkError && (error.facts as Partial<RefusedFacts>).errno === errnoOf(name)
}
