/** gRPC status codes that are told apart (grpc/grpc doc/statuscodes.md). */
export const status = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** A call that failed, within this package: explained as DatastoreError or EtcdError before it leaves. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly status: number
  /** False when the server has surely not seen the call: then it may be made again, even a write. */
  readonly sent: boolean

  constructor(status: number, message: string, sent: boolean, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.status = status
    this.sent = sent
  }
}

/** @param headers in which a status may be: trailers, or the headers of an answer that has nothing else */
export function statusIn(headers: Readonly<Record<string, unknown>>): RpcError | 'ok' | undefined {
  const code = headers['grpc-status']
  if (code === undefined) return undefined
  if (code === '0') return 'ok'
  return new RpcError(Number(code), decodeMessage(String(headers['grpc-message'] ?? '')), true)
}

/** Percent-encoded, but left as it is where it is not. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
