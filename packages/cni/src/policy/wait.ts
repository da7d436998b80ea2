import { existsSync, readFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call, Clock } from '@tortie/runtime'
import { type ExpectedStatus, matchesStatus } from './endpoint-status.ts'

export interface StatusWait {
  readonly dir: string
  /** Name of the endpoint's file in `dir`. */
  readonly file: string
  readonly expected: ExpectedStatus
  readonly timeoutMs: number
}

/** How long to pause when the directory cannot be watched, and how often to look in any case. */
const retryMs = 500

/** Waits until the agent reports the endpoint's policy in force. False when the time is over. */
export async function waitForPolicy(wait: StatusWait, clock: Clock, { signal }: Call): Promise<boolean> {
  const path = join(wait.dir, wait.file)
  const inForce = (): boolean => {
    try {
      return matchesStatus(readFileSync(path, 'utf8'), wait.expected)
    } catch {
      return false
    }
  }
  if (inForce()) return true
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const timer = clock.sleep(wait.timeoutMs, { signal: either }).then(
    () => over.abort(),
    () => undefined,
  )
  try {
    while (!either.aborted) if (await appears(wait, inForce, clock, { signal: either })) return true
    signal.throwIfAborted()
    return inForce()
  } finally {
    over.abort()
    await timer
  }
}

/** One round: watch, look, wait for the next change. False when the watch cannot be had or the time is over. */
async function appears(wait: StatusWait, inForce: () => boolean, clock: Clock, call: Call): Promise<boolean> {
  try {
    const round = AbortSignal.any([call.signal, AbortSignal.timeout(retryMs)])
    const changes = watch(wait.dir, { signal: round })[Symbol.asyncIterator]()
    const next = changes.next()
    next.catch(() => undefined)
    for (let change: Promise<unknown> = next; ; change = changes.next()) {
      if (inForce()) {
        await changes.return?.()
        return true
      }
      await change
    }
  } catch {
    if (!call.signal.aborted && !existsSync(wait.dir)) await clock.sleep(retryMs, call).catch(() => undefined)
    return inForce()
  }
}
