import type { Verdict } from '../verdict.ts'
import type {
  CmpOp,
  CtDirection,
  CtKey,
  FibFlag,
  FibResult,
  LogFlag,
  LogLevel,
  MetaKey,
  NatFlag,
  PayloadBase,
  RtKey,
  SocketKey,
} from './names.ts'

/**
 * One expression of a rule as the kernel holds it: linux/netfilter/nf_tables.h.
 *
 * Registers (`sreg` source, `dreg` destination) are numbers 0 to 15 of the sixteen 4-byte registers; a value takes as many
 * as it is long. Values (`data`, `mask`, `from` …) are bytes in the byte order of what they are compared with: network
 * order for headers, host order for marks, interface indexes and conntrack state.
 */
export type Expression =
  | PayloadExpression
  | { readonly kind: 'meta'; readonly key: MetaKey; readonly dreg: number }
  | { readonly kind: 'meta-set'; readonly key: MetaKey; readonly sreg: number }
  | { readonly kind: 'ct'; readonly key: CtKey; readonly direction?: CtDirection; readonly dreg: number }
  | { readonly kind: 'ct-set'; readonly key: CtKey; readonly direction?: CtDirection; readonly sreg: number }
  | { readonly kind: 'rt'; readonly key: RtKey; readonly dreg: number }
  /** `level` only for `cgroupv2`. */
  | { readonly kind: 'socket'; readonly key: SocketKey; readonly level?: number; readonly dreg: number }
  | { readonly kind: 'fib'; readonly result: FibResult; readonly flags: readonly FibFlag[]; readonly dreg: number }
  | NumberExpression
  | ComparisonExpression
  | { readonly kind: 'immediate'; readonly dreg: number; readonly data: Uint8Array }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | StatementExpression
  | NatExpression
  /** One that this package has no type for. `data` is the contents of NFTA_EXPR_DATA. */
  | { readonly kind: 'unknown'; readonly name: string; readonly data: Uint8Array }

export type PayloadExpression =
  /** Loads `len` bytes at `offset` of a header. */
  | {
      readonly kind: 'payload'
      readonly base: PayloadBase
      readonly offset: number
      readonly len: number
      readonly dreg: number
    }
  /** Writes a header, and mends the checksum (16 bits) at `checksumOffset` of the same header. */
  | {
      readonly kind: 'payload-set'
      readonly base: PayloadBase
      readonly offset: number
      readonly len: number
      readonly sreg: number
      readonly checksum: 'none' | 'inet' | 'sctp'
      readonly checksumOffset: number
      /** The field is part of the transport pseudo header: mend that checksum too. */
      readonly pseudoHeader?: true
    }
  /** IPv6 extension header or TCP option `type`: `len` bytes at `offset`, or with `present` whether it is there. */
  | {
      readonly kind: 'exthdr'
      readonly op: 'ipv6' | 'tcpopt'
      readonly type: number
      readonly offset: number
      readonly len: number
      readonly present?: true
      readonly dreg: number
    }
  /** Writes a TCP option that is there. */
  | {
      readonly kind: 'exthdr-set'
      readonly op: 'tcpopt'
      readonly type: number
      readonly offset: number
      readonly len: number
      readonly sreg: number
    }

export type NumberExpression =
  /** offset + (counter or random) mod modulus. */
  | {
      readonly kind: 'numgen'
      readonly type: 'incremental' | 'random'
      readonly modulus: number
      readonly offset: number
      readonly dreg: number
    }
  /** offset + jhash(register, len, seed) mod modulus. Without a seed the kernel draws one. */
  | {
      readonly kind: 'jhash'
      readonly sreg: number
      readonly len: number
      readonly modulus: number
      readonly seed?: number
      readonly offset: number
      readonly dreg: number
    }
  /** offset + symmetric flow hash mod modulus. */
  | { readonly kind: 'symhash'; readonly modulus: number; readonly offset: number; readonly dreg: number }

export type ComparisonExpression =
  | { readonly kind: 'cmp'; readonly op: CmpOp; readonly sreg: number; readonly data: Uint8Array }
  /** Both ends included. */
  | {
      readonly kind: 'range'
      readonly op: 'eq' | 'neq'
      readonly sreg: number
      readonly from: Uint8Array
      readonly to: Uint8Array
    }
  /** dreg = (sreg & mask) ^ xor; `len` bytes each. */
  | {
      readonly kind: 'bitwise'
      readonly sreg: number
      readonly dreg: number
      readonly len: number
      readonly mask: Uint8Array
      readonly xor: Uint8Array
    }
  /** Host order 32-bit words; `bits` 1 to 31. */
  | {
      readonly kind: 'shift'
      readonly direction: 'left' | 'right'
      readonly sreg: number
      readonly dreg: number
      readonly len: number
      readonly bits: number
    }
  /** Swaps words of `size` bytes over `len` bytes. */
  | {
      readonly kind: 'byteorder'
      readonly op: 'ntoh' | 'hton'
      readonly sreg: number
      readonly dreg: number
      readonly len: number
      readonly size: number
    }
  /**
   * In a set: goes on if found (`inverted`: if not found). In a map: the value goes to `dreg`, a verdict with
   * `dreg: 'verdict'`. `setId` finds an anonymous set made in the same transaction.
   */
  | {
      readonly kind: 'lookup'
      readonly set: string
      readonly setId?: number
      readonly sreg: number
      readonly dreg?: number | 'verdict'
      readonly inverted?: true
    }

export type StatementExpression =
  | { readonly kind: 'counter'; readonly packets: bigint; readonly bytes: bigint }
  /** To the kernel log. */
  | { readonly kind: 'log'; readonly prefix?: string; readonly level: LogLevel; readonly flags?: readonly LogFlag[] }
  /** To the listeners of an nfnetlink_log group; `snaplen` bytes of each packet, in bursts of `queueThreshold`. */
  | {
      readonly kind: 'nflog'
      readonly prefix?: string
      readonly group: number
      readonly snaplen?: number
      readonly queueThreshold?: number
    }
  /** Goes on while under `rate` of `of` in `unit` seconds (`over`: while over it). */
  | {
      readonly kind: 'limit'
      readonly of: 'packets' | 'bytes'
      readonly rate: bigint
      readonly unit: bigint
      readonly burst: number
      readonly over?: true
    }
  /** Goes on while at most `count` connections have matched (`over`: more than that). */
  | { readonly kind: 'connlimit'; readonly count: number; readonly over?: true }
  /** `code` of ICMP or ICMPv6 destination unreachable; for `icmpx` 0 no-route, 1 port, 2 host, 3 admin-prohibited. */
  | { readonly kind: 'reject'; readonly type: 'icmp' | 'icmpx'; readonly code: number }
  | { readonly kind: 'reject-tcp' }
  | { readonly kind: 'notrack' }
  | { readonly kind: 'flow-offload'; readonly flowtable: string }

/** Of each pair min and max give both or neither; they are registers that hold addresses or ports (network order). */
export type NatExpression =
  | {
      readonly kind: 'nat'
      readonly type: 'snat' | 'dnat'
      readonly family: 'ip' | 'ip6'
      readonly addressMin?: number
      readonly addressMax?: number
      readonly portMin?: number
      readonly portMax?: number
      readonly flags?: readonly NatFlag[]
    }
  | { readonly kind: 'masq'; readonly portMin?: number; readonly portMax?: number; readonly flags?: readonly NatFlag[] }
  | {
      readonly kind: 'redir'
      readonly portMin?: number
      readonly portMax?: number
      readonly flags?: readonly NatFlag[]
    }

export type ExpressionKind = Expression['kind']
export type ExpressionOf<K extends ExpressionKind> = Extract<Expression, { readonly kind: K }>
