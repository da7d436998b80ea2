/** What is said on standard error before exit 1. */
export class CtlError extends Error {
  override readonly name = 'CtlError'
}

/** The message of anything thrown, in the words of spec 06 §9. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
