import { type Call, type Clock, createBackoff, type Random } from '@tortie/runtime'
import { isDatastoreError } from '../errors.ts'

/** So many times in a row is not a race any more. */
const attempts = 20

/** Runs a read-modify-write until nothing comes between. @throws DatastoreError Conflict when that never happens */
export async function retryConflicts<T>(
  attempt: () => Promise<T>,
  ports: { readonly clock: Clock; readonly random: Random },
  call: Call,
): Promise<T> {
  const backoff = createBackoff(ports, { longestMs: 1_000 })
  for (let left = attempts; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (!isDatastoreError(error, 'Conflict') || left <= 1) throw error
    }
    await backoff.wait(call)
  }
}
