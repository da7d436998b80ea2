import type { BgpAnswer } from '@tortie/node'
import type { Call } from '@tortie/runtime'
import type { BgpProgram } from '@tortie/topology'

/** What the main thread asks of the BGP thread; everything is plain data. */
export interface BgpThreadCalls {
  /** The parts that changed. */
  apply(parts: Partial<BgpProgram>, call: Call): Promise<void>
  /** A question of `askBgp`. */
  ask(question: { readonly method: string; readonly url: string }, call: Call): Promise<BgpAnswer>
}

export const bgpThreadCalls = ['apply', 'ask'] as const satisfies readonly (keyof BgpThreadCalls)[]

/** What the BGP thread is started with. */
export interface BgpThreadData {
  /** Unix socket on which `tortiectl` asks. */
  readonly socketPath: string
  /** Instead of BGPConfiguration's logSeverityScreen. */
  readonly logLevel: string | undefined
  /** Four octets that all threads share, one after the other: whether the node is drained. */
  readonly drained: SharedArrayBuffer
}
