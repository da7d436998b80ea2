import type { Call } from './call.ts'

/** Time as a port, so that a cluster can run on a virtual clock. */
export interface Clock {
  /** Wall clock, nanoseconds since the Unix epoch. */
  wallNs(): bigint
  /** Wall clock, milliseconds since the Unix epoch. */
  wallMs(): number
  /** Never goes back, milliseconds since an arbitrary start, with fractions. */
  monotonicMs(): number
  /** Resolves after `ms`; throws `signal.reason` on abort. */
  sleep(ms: number, call: Call): Promise<void>
}
