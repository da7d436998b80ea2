import type { Call } from '@tortie/runtime'

/** One sentence that every implementation of a contract must make true. `check` throws an AssertionError otherwise. */
export interface Law<S> {
  readonly name: string
  check(subject: S, call: Call): Promise<void>
}
