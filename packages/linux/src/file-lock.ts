import { closeSync, openSync } from 'node:fs'
import type { Call } from '@tortie/runtime'
import { syscallError } from './errors.ts'
import { lastErrno, libc } from './sys.ts'

const LOCK_EX = 2
const LOCK_NB = 4
const EINTR = 4
const EAGAIN = 11

/**
 * Takes the lock of a file for this process alone (`flock`), waiting for whoever has it. The file is made when it is
 * absent. The kernel queues those who wait and frees it when its holder dies. Waiting takes a thread of the pool: let one
 * wait at a time. @throws LinuxError, errors of fs, `signal.reason` on abort
 */
export async function lockFile(path: string, { signal }: Call): Promise<Disposable> {
  signal.throwIfAborted()
  const fd = openSync(path, 'a', 0o644)
  try {
    if (libc().flock(fd, LOCK_EX | LOCK_NB) < 0) {
      const errno = lastErrno()
      if (errno !== EAGAIN) throw syscallError('flock', path, errno)
      await waitForLock(fd, path)
    }
    signal.throwIfAborted()
    return { [Symbol.dispose]: () => closeSync(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

async function waitForLock(fd: number, path: string): Promise<void> {
  for (;;) {
    const [result, errno] = await libc().flockOnThread(fd, LOCK_EX)
    if (result >= 0) return
    if (errno !== EINTR) throw syscallError('flock', path, errno)
  }
}
