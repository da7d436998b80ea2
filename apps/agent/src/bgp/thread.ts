import { Worker } from 'node:worker_threads'
import { askBgp, type BgpControl, type Health } from '@tortie/node'
import { type Call, createBackoff, type Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import type { BgpProgram } from '@tortie/topology'
import { remoteCalls } from '../threads/calls.ts'
import { type BgpThreadCalls, type BgpThreadData, bgpThreadCalls } from './messages.ts'

/** BGP in a thread of its own, so that keepalives go out on time whatever the main thread does. */
export interface BgpThread {
  readonly control: BgpControl
  /** Takes the program to the thread, and to every one that follows it. */
  apply(program: BgpProgram): void
  /** Keeps a thread running; ends only by throwing `signal.reason`. */
  run(call: Call): Promise<never>
}

/** PERF: what routes leave behind lives shortly; a larger young generation costs memory and saves little time. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

export function createBgpThread(
  script: URL,
  settings: Omit<BgpThreadData, 'drained'>,
  health: Health,
  log: Log,
): BgpThread {
  const data: BgpThreadData = { ...settings, drained: new SharedArrayBuffer(4) }
  let calls: BgpThreadCalls | undefined
  let program: BgpProgram | undefined
  const quiet = (what: Promise<unknown> | undefined): void => void what?.catch(() => undefined) // a thread that ended is told by `run`
  const never = { signal: new AbortController().signal }

  async function life(call: Call): Promise<never> {
    const worker = new Worker(script, { workerData: data, resourceLimits })
    const current = remoteCalls<BgpThreadCalls>(worker, bgpThreadCalls)
    const over = new AbortController()
    try {
      const ended = new Promise<never>((_, reject) => {
        worker.once('error', reject)
        worker.once('exit', (code) => reject(new Error(`the BGP thread ended with ${code}`)))
        call.signal.addEventListener('abort', () => reject(call.signal.reason), { signal: over.signal })
      })
      calls = current
      if (program) quiet(current.apply(program, never))
      return await ended
    } finally {
      calls = undefined
      over.abort()
      await worker.terminate()
    }
  }

  return {
    control: askBgp(async (method, url, call) => {
      if (!calls) throw new Error('BGP is starting: ask again when the agent is ready')
      const { status, body } = await calls.ask({ method, url }, call)
      if (status === 200) return body
      throw new Error((body as { error: string }).error)
    }),
    apply(next) {
      const parts = program ? changedParts(program, next) : next
      program = next
      quiet(calls?.apply(parts, never))
    },
    async run(call) {
      const backoff = createBackoff({ clock: systemClock, random: systemRandom }, { firstMs: 200, longestMs: 10_000 })
      for (;;) {
        const started = systemClock.monotonicMs()
        try {
          await life(call)
        } catch (error) {
          call.signal.throwIfAborted()
          const why = error instanceof Error ? error.message : String(error)
          health.report('BGP', {
            live: true,
            ready: false,
            why,
            remedy: 'it starts again; the kernel keeps its routes',
          })
          log.error('bgp.failed', { error })
        }
        if (systemClock.monotonicMs() - started > 60_000) backoff.reset()
        await backoff.wait(call)
      }
    },
  }
}

/** Equal parts of successive programs are the identical objects: they need not go to the thread again. */
function changedParts(before: BgpProgram, after: BgpProgram): Partial<BgpProgram> {
  const entries = Object.entries(after).filter(([part, value]) => before[part as keyof BgpProgram] !== value)
  return Object.fromEntries(entries)
}
