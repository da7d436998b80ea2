import type { Call } from '@tortie/runtime'
import { pollFd } from './sys.ts'

/** Resolves when `fd` can be read or written without waiting; throws `signal.reason` on abort. */
export async function whenReady(fd: number, wanted: 'readable' | 'writable', { signal }: Call): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      handle.close()
      resolve()
    }
    const handle = pollFd(fd, wanted, done)
    signal.addEventListener('abort', done, { once: true })
  })
  signal.throwIfAborted()
}
