import { stat } from 'node:fs'
import { check, LinuxError, syscallError } from './errors.ts'
import { lastErrno, libc } from './sys.ts'

const CLONE_NEWNET = 0x40000000
const O_CLOEXEC = 0o2000000
const EINVAL = 22
/** Where `ip netns` keeps the names. */
export const netnsDirectory = '/run/netns'

/** An open network namespace: it lives as long as this does, even when its name is removed. */
export interface Netns extends Disposable {
  readonly fd: number
  readonly path: string
}

/**
 * @param path absolute (`/proc/123/ns/net`, `/run/netns/blue`), or a name that `ip netns` lists
 * @throws LinuxError `linux/missing`, `linux/not-permitted`
 */
export function openNetns(path: string): Netns {
  const full = path.startsWith('/') ? path : `${netnsDirectory}/${path}`
  const fd = check(libc().open(full, O_CLOEXEC, 0), 'open', `network namespace ${full}`)
  let open = true
  return {
    fd,
    path: full,
    [Symbol.dispose]() {
      if (open) libc().close(fd)
      open = false
    },
  }
}

/** A function that is done when it returns. */
export type Synchronous<T> = (() => T) &
  ([T] extends [never] ? unknown : T extends PromiseLike<unknown> ? never : unknown)

/** The network namespace of the calling thread. */
export function openCurrentNetns(): Netns {
  return openNetns('/proc/thread-self/ns/net')
}

/**
 * Runs `fn` with the calling thread inside `netns`, and comes back, whatever `fn` does. What is opened inside (sockets,
 * children, files under /proc/sys/net) belongs to that namespace for good. `fn` must be synchronous, which its type
 * enforces: after the first await the thread would already be back.
 */
export function enterNetns<T>(netns: Netns, fn: Synchronous<T>): T {
  startThreadPool()
  home ??= openCurrentNetns()
  const before = visiting ?? home
  moveThread(netns)
  visiting = netns
  try {
    return fn()
  } finally {
    visiting = before === home ? undefined : before
    moveThread(before)
  }
}

/** As `enterNetns`; without a namespace `fn` runs where the thread is. */
export function inNetns<T>(netns: Netns | undefined, fn: Synchronous<T>): T {
  return netns ? enterNetns(netns, fn) : fn()
}

/**
 * Makes Node start the threads of its pool, now and in the namespace the process is in: threads started later would be
 * born in, and stay in, whatever namespace the main thread is visiting. `enterNetns` starts them itself; this resolves
 * when they run.
 */
export async function warmThreadPool(): Promise<void> {
  started = true
  await Promise.all(Array.from({ length: 4 }, () => new Promise<void>((resolve) => stat('/', () => resolve()))))
}

let home: Netns | undefined
let visiting: Netns | undefined
let started = false

function startThreadPool(): void {
  if (started) return
  started = true
  stat('/', () => undefined)
}

function moveThread(to: Netns): void {
  if (libc().setns(to.fd, CLONE_NEWNET) < 0) throw setnsError(to)
}

function setnsError(netns: Netns): LinuxError {
  const errno = lastErrno()
  if (errno !== EINVAL) return syscallError('setns', `network namespace ${netns.path}`, errno)
  return new LinuxError('linux/not-a-netns', {
    syscall: 'setns',
    errno,
    errnoName: 'EINVAL',
    object: netns.path,
  })
}
