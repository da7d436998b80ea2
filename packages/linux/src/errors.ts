import { errnoName } from '@tortie/netlink'
import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'
import { lastErrno } from './sys.ts'

export interface SyscallFacts {
  readonly syscall: string
  /** Positive. */
  readonly errno: number
  readonly errnoName: string
  /** What it was called on, e.g. a path. */
  readonly object: string
}

const failed =
  (cure: string) =>
  ({ syscall, errnoName, object }: SyscallFacts): string =>
    `${object}: ${syscall}: ${errnoName}${cure === '' ? '' : `; ${cure}`}`

const kinds = {
  'linux/not-permitted': errorKind<SyscallFacts>(false, failed('run as root or with CAP_NET_ADMIN')),
  'linux/missing': errorKind<SyscallFacts>(false, failed('it does not exist')),
  'linux/exists': errorKind<SyscallFacts>(false, failed('remove it or choose another name')),
  'linux/busy': errorKind<SyscallFacts>(true, failed('')),
  'linux/overrun': errorKind<SyscallFacts>(true, failed('the kernel dropped answers; ask for fewer in one request')),
  'linux/failed': errorKind<SyscallFacts>(false, failed('')),
  'linux/not-a-netns': errorKind<SyscallFacts>(false, failed('it is no network namespace')),
  'linux/bad-use': errorKind<{ readonly object: string; readonly why: string }>(
    false,
    ({ object, why }) => `${object}: ${why}`,
  ),
  'linux/timeout': errorKind<{ readonly what: string; readonly waitedMs: number }>(
    true,
    ({ what, waitedMs }) => `${what}: no answer after ${waitedMs} ms`,
  ),
}

export type LinuxErrorCode = keyof typeof kinds
type FactsOf<C extends LinuxErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of this package. */
export class LinuxError<C extends LinuxErrorCode = LinuxErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as ErrorKind<FactsOf<C>>, facts, options)
  }
}

type SyscallKind = 'not-permitted' | 'missing' | 'exists' | 'busy' | 'overrun'
const byErrno: Readonly<Record<string, SyscallKind | undefined>> = {
  EPERM: 'not-permitted',
  EACCES: 'not-permitted',
  EROFS: 'not-permitted',
  ENOENT: 'missing',
  ENODEV: 'missing',
  ENXIO: 'missing',
  EADDRNOTAVAIL: 'missing',
  EEXIST: 'exists',
  EBUSY: 'busy',
  EAGAIN: 'busy',
  EINTR: 'busy',
  ENOMEM: 'busy',
  EADDRINUSE: 'busy',
  ENOBUFS: 'overrun',
}

export function syscallError(syscall: string, object: string, errno: number = lastErrno()): LinuxError {
  const name = errnoName(errno)
  return new LinuxError(`linux/${byErrno[name] ?? 'failed'}`, { syscall, errno, errnoName: name, object })
}

/** `result` of a system call, or the error when it is negative. */
export function check(result: number, syscall: string, object: string): number {
  if (result < 0) throw syscallError(syscall, object)
  return result
}
