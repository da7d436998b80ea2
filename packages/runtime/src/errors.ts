/** One kind of error: whether trying again may help, and its text made from typed facts. Codes are API, texts are not. */
export interface ErrorKind<F> {
  readonly retryable: boolean
  readonly text: (facts: F) => string
}

export function errorKind<F>(retryable: boolean, text: (facts: F) => string): ErrorKind<F> {
  return { retryable, text }
}

/**
 * Base of every error thrown by the packages. A package has one table of kinds and one subclass:
 * `class IpamError<C extends keyof typeof kinds> extends TortieError<C, …>`.
 */
export class TortieError<C extends string = string, F = unknown> extends Error {
  readonly code: C
  readonly facts: F
  readonly retryable: boolean

  constructor(code: C, kind: ErrorKind<F>, facts: F, options?: { readonly cause?: unknown }) {
    super(kind.text(facts), options)
    this.name = new.target.name
    this.code = code
    this.facts = facts
    this.retryable = kind.retryable
  }
}

/** Whether the same call may succeed later. Unknown errors are not retried: they are bugs until shown otherwise. */
export function isRetryable(error: unknown): boolean {
  return error instanceof TortieError && error.retryable
}
