import type { ExportView, PathView } from '@tortie/bgp'
import type { Family } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { BgpProblem } from '@tortie/topology'
import type { BgpStatus } from './status.ts'

/**
 * What the rest of the agent, and `tortiectl` through a socket, ask of a node's BGP. Plain data only: it is answered by
 * another thread.
 */
export interface BgpControl {
  status(call: Call): Promise<BgpStatus>
  /** What is wrong in the resources of BGP, or done otherwise than they say. */
  problems(call: Call): Promise<readonly BgpProblem[]>
  /** Every path of every prefix, or of one, the best of a prefix first. */
  routes(question: { readonly family: Family; readonly prefix?: string }, call: Call): Promise<readonly BgpRoute[]>
  /** Why a prefix is learned or not, and sent or not, to one peer or to all. */
  explain(question: { readonly prefix: string; readonly peer?: string }, call: Call): Promise<BgpExplanation>
  /** Asks for the peer's routes again, or sends it ours, without losing the session. @throws NodeError node/no-such-peer */
  refresh(order: { readonly peer: string; readonly direction: 'in' | 'out' }, call: Call): Promise<void>
  /** Ends a session, which starts again. @throws NodeError node/no-such-peer */
  reset(order: { readonly peer: string; readonly text?: string }, call: Call): Promise<void>
  /** Asks everyone to use other ways than this node (RFC 8326). With `wait`, resolves when all peers have been told. */
  drain(order: { readonly wait?: 'yes' | 'no' }, call: Call): Promise<void>
  /** Takes that back. */
  undrain(call: Call): Promise<void>
}

export interface BgpRoute {
  readonly family: Family
  readonly prefix: string
  /** In the kernel, or what it would be; `equal` shares the traffic with the best. */
  readonly status: PathView['status']
  /** Words: where it lost, or which filter rejected it. */
  readonly because?: string
  readonly source: 'Kernel' | 'Static' | 'Direct' | 'NodeMesh' | 'BGPPeer'
  /** Name and address of the peer that told it. */
  readonly peer?: string
  readonly peerIP?: string
  readonly nextHop?: string
  /** The router on the way to the next hop, or the next hop itself; absent when there is none. */
  readonly gateway?: string
  readonly interface?: string
  readonly localPref: number
  readonly asPath: string
  readonly communities: readonly string[]
  /** Its peer is away and expected back. */
  readonly stale: boolean
}

export interface BgpExplanation {
  readonly prefix: string
  readonly learned: readonly BgpRoute[]
  readonly exported: readonly ExportView[]
}
