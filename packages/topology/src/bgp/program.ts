import type { LocalRoute, SpeakerConfig } from '@tortie/bgp'
import type { BgpKernelPolicy, BgpSourcePolicy } from '@tortie/dataplane'

/** All that one node's BGP is to do, as plain data. Equal parts of successive programs are the identical objects. */
export interface BgpProgram {
  /** Undefined when BGP cannot run on this node; `problems` says why. */
  readonly speaker: SpeakerConfig | undefined
  /** Own blocks, service routes and routes to peers behind a gateway; each prefix and id once, in order. */
  readonly localRoutes: readonly LocalRoute[]
  /** Which best routes the kernel may hold, and how. */
  readonly kernelPolicy: BgpKernelPolicy
  /** Which addresses and routes of the kernel may become routes of the speaker. */
  readonly sources: BgpSourcePolicy
  /** How much a speaker's log should say. */
  readonly logLevel: 'none' | 'info' | 'debug'
  readonly problems: readonly BgpProblem[]
}

/** What is wrong in the resources, or done otherwise than they say. */
export interface BgpProblem {
  readonly code: BgpProblemCode
  /** `BGPPeer(rack-1)`; all that are concerned, the one that won first. */
  readonly objects: readonly string[]
  readonly why: string
}

export type BgpProblemCode =
  /** An object that nobody can read; it counts as absent. */
  | 'unreadable'
  /** A BGPConfiguration that is neither `default` nor of a node. */
  | 'ignored-configuration'
  /** Two peerings of one scope want different sessions with one address; the first by name is there. */
  | 'contradictory-peers'
  /** A peering gave way to one of a wider scope: global, then node, then local workload, then mesh. */
  | 'replaced-session'
  /** `peerIP` without `asNumber`: no session. */
  | 'no-remote-as'
  /** The password is not there, or too long: the session stays down. */
  | 'no-password'
  /** A BGPFilter that is not there: it is passed over. */
  | 'no-filter'
  /** `prefixLength` says nothing with an operator that asks for one prefix. */
  | 'needless-prefix-length'
  /** A community that is neither a value nor a name that is defined beside it. */
  | 'unknown-community'
  | 'no-node'
  | 'no-router-id'
  /** Hashed identifiers of two nodes are equal: sessions between them end with 2/3. */
  | 'duplicate-router-id'
  /** FelixConfiguration and BGPConfiguration both claim a class of cluster routes, or both leave it. */
  | 'route-owners'
