/** One new connection or packet, as `evaluate` and the reference interpreter see it. */
export interface Flow {
  readonly source: string
  readonly destination: string
  /** IANA number. */
  readonly protocol: number
  /** For TCP, UDP, SCTP. */
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** For ICMP and ICMPv6. */
  readonly icmpType?: number
  readonly icmpCode?: number
}

export type Direction = 'ingress' | 'egress'
export type Verdict = 'allow' | 'deny'

/** One step on the way to a verdict, in order. */
export type TraceStep =
  | {
      readonly at: 'rule'
      readonly tier: string
      readonly policy: string
      readonly direction: Direction
      readonly index: number
      readonly action: 'allow' | 'deny' | 'pass' | 'log'
    }
  | { readonly at: 'policy-end'; readonly tier: string; readonly policy: string }
  | { readonly at: 'tier-end'; readonly tier: string; readonly action: 'deny' | 'pass' }
  | {
      readonly at: 'profile-rule'
      readonly profile: string
      readonly index: number
      readonly action: 'allow' | 'deny' | 'pass' | 'log'
    }
  | { readonly at: 'no-match' | 'inactive' | 'spoofed-source' }

export interface Decision {
  readonly verdict: Verdict
  readonly trace: readonly TraceStep[]
}
