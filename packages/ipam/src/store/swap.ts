import { DatastoreError } from '@tortie/datastore'
import { type Call, createBackoff } from '@tortie/runtime'
import { IpamError } from '../errors.ts'
import type { Context } from './context.ts'

/** Told by an attempt that it lost a race and is to begin anew from what is stored now. */
export const again: unique symbol = Symbol('again')

const maxTries = 100

/**
 * The one compare-and-swap loop: reads, decides by a pure step and writes in `attempt`, until no one else wrote between.
 * Rivals part by jitter. Bounded as in Calico (spec 03 §23.7).
 * @param what names the object in the error, `block 10.65.0.0/26`
 * @throws IpamError ipam/contention after 100 lost races; whatever else `attempt` throws
 */
export async function swap<T>(
  context: Context,
  what: string,
  attempt: () => Promise<T | typeof again>,
  call: Call,
): Promise<T> {
  const backoff = createBackoff(context, { firstMs: 1, longestMs: 200 })
  for (let tries = 0; tries < maxTries; tries++) {
    call.signal.throwIfAborted()
    try {
      const result = await attempt()
      if (result !== again) return result as T
    } catch (error) {
      if (!lostRace(error)) throw error
    }
    context.count.conflicts(what.split(' ', 1)[0] ?? what)
    await backoff.wait(call)
  }
  throw new IpamError('ipam/contention', { what, tries: maxTries })
}

/** Whether a compare-and-swap found something else than what it was based on. The write did surely not happen. */
export function lostRace(error: unknown): boolean {
  return error instanceof DatastoreError && races.has(error.code)
}

const races: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'DoesNotExist'])
