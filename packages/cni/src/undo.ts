import type { Log } from '@tortie/runtime'
import { textOf } from './errors.ts'

/** How long taking back one step may last. */
const stepMs = 20_000

/** What to take back, newest first, when a later step fails. */
export interface Undo {
  /** `step` must be fine with finding nothing to do. */
  add(what: string, step: (call: { readonly signal: AbortSignal }) => Promise<void>): void
  /** Does all steps, whatever fails; returns what could not be taken back. Independent of the caller's signal. */
  run(): Promise<readonly string[]>
}

export function createUndo(log: Log): Undo {
  const steps: { readonly what: string; readonly step: Parameters<Undo['add']>[1] }[] = []
  return {
    add(what, step) {
      steps.push({ what, step })
    },
    async run() {
      const left: string[] = []
      for (const { what, step } of steps.reverse()) {
        try {
          await step({ signal: AbortSignal.timeout(stepMs) })
        } catch (error) {
          log.error('cni.rollback.failed', { what, error })
          left.push(`${what}: ${textOf(error)}`)
        }
      }
      return left
    },
  }
}
