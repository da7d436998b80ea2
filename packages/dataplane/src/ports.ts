import type { Call } from '@tortie/runtime'
import type { PolicyDelta } from './policy-program.ts'
import type { NatProgram, RoutingProgram } from './routing-program.ts'

export interface ApplyReport {
  /** Kernel objects written: 0 when the kernel already was as it should be. */
  readonly changed: number
  readonly durationMs: number
}

/** Something in the kernel that was not as we left it. */
export interface Drift {
  /** Kernel object, e.g. `chain cali-tw-cali123`. */
  readonly object: string
  readonly found: 'missing' | 'changed' | 'foreign'
}

export interface ResyncReport extends ApplyReport {
  readonly drift: readonly Drift[]
}

/** Enforces one PolicyProgram in one network namespace. Sole owner of its own table; reads and touches nothing else. */
export interface PolicyDataplane extends AsyncDisposable {
  /**
   * Makes the kernel equal to everything applied so far plus this, all or nothing, in one transaction. The first call
   * carries the whole program: what an earlier process left is diffed against it, and what is equal is not touched, so
   * flows never see an empty policy. After an error nothing of the delta counts as applied; the next call includes it.
   */
  apply(delta: PolicyDelta, nat: NatProgram, call: Call): Promise<ApplyReport>
  /** Reads the kernel back, repairs it and says what was wrong. Does nothing before the first `apply`. */
  resync(call: Call): Promise<ResyncReport>
  /** Leaves the kernel as it is. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes the kernel's routing equal to the program. Sole owner of the routes, neighbours and sysctls it names. */
export interface RoutingDataplane extends AsyncDisposable {
  /** Idempotent; the whole program each time, the difference is found here. Interfaces that are not there yet are retried on their arrival. */
  apply(program: RoutingProgram, call: Call): Promise<ApplyReport>
  resync(call: Call): Promise<ResyncReport>
  /** One event whenever an interface or route changed outside; the caller then calls `resync`. Ends only by throwing. */
  changes(call: Call): AsyncIterable<{ readonly interface?: string; readonly why: string }>
  /** Local workload interfaces that are up with everything in place: what endpoint status files report. */
  readyInterfaces(): ReadonlySet<string>
}
