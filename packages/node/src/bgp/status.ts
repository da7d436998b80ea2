/**
 * What the agent answers about its BGP sessions: JSON of `GET /status` on the Unix socket `bgpSocket`. `tortiectl node
 * status` shows it. Spec 05 A11.
 */
export interface BgpStatus {
  /** One for each family that the speaker serves. */
  readonly families: readonly BgpFamilyStatus[]
  /** By how many milliseconds timers of the thread that keeps the sessions were late at most, lately. */
  readonly loopLagMs: number
  /** Why no family is served although BGP is wanted: it is starting, or it cannot. */
  readonly why?: string
}

export interface BgpFamilyStatus {
  readonly family: 4 | 6
  /** Dotted quad. */
  readonly routerId: string
  /** Whether the speaker serves the family now: `NotReady` while it starts or recovers from a restart. */
  readonly state: 'Ready' | 'NotReady'
  /** RFC 3339. */
  readonly bootTime: string
  /** RFC 3339; absent before the first. */
  readonly reconfiguredTime?: string
  readonly peers: readonly BgpPeerStatus[]
}

export interface BgpPeerStatus {
  /** By which it is named in commands: `Mesh_10_0_0_2`. */
  readonly name: string
  readonly asNumber?: number
  /** How often an established session was lost. */
  readonly flaps: number
  readonly routes: { readonly received: number; readonly accepted: number; readonly sent: number }
  /** Of CalicoNodeStatus, and `LocalWorkload` besides. */
  readonly type: 'NodeMesh' | 'NodePeer' | 'GlobalPeer' | 'LocalWorkload'
  /** With `:port` (`[…]:port`) when it is not 179. */
  readonly peerIP: string
  /** As BIRD calls it: `up` is established, `start` trying, `down` switched off. */
  readonly state: 'up' | 'start' | 'down'
  readonly bgpState: 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established' | 'Close'
  /** When `state` last changed, RFC 3339. */
  readonly since: string
  /** The last error, as in `Socket: Connection refused`; absent when there is none. */
  readonly info?: string
}

/** Where the agent answers, unless its configuration says otherwise. */
export const bgpSocket = '/var/run/calico/bgp.sock'
