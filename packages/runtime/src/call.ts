/** Every call that waits takes one. Abort always throws `signal.reason`, so an unfinished result never looks finished. */
export interface Call {
  readonly signal: AbortSignal
}
