import { dirname } from 'node:path'
import type { CniDrivers } from '../ports.ts'
import { makeDirectory } from './make-directory.ts'
import { createTurns } from './turns.ts'

/** The lock of a file: within this process in the order of the calls, so that one waits for other processes at a time. */
export function createHostLock(): CniDrivers['lock'] {
  const turns = createTurns()
  return (file, call) =>
    new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        const { lockFile } = await import('@tortie/linux')
        makeDirectory(dirname(file), 0o777)
        using _ = await lockFile(file, call)
        const released = Promise.withResolvers<void>()
        resolve({ [Symbol.dispose]: () => released.resolve() })
        await released.promise
      }
      turns.run(file, hold).catch(reject)
    })
}
