import type { MessageWriter } from '@tortie/netlink'
import {
  bit,
  codes,
  data,
  type Field,
  field,
  flagNames,
  hostNumber,
  name8,
  name32,
  optional,
  register,
  registerOrVerdict,
  string,
  u8,
  u16Be,
  u32Be,
  u64Be,
} from '../wire/field.ts'
import { type Fields, recordFormat } from '../wire/record.ts'
import type { ExpressionKind, ExpressionOf } from './expression.ts'
import * as names from './names.ts'

/** Attribute presence by type, of one expression that is read. */
export type Present = (type: number) => boolean

export interface ExpressionRow {
  readonly kind: ExpressionKind
  /** NFTA_EXPR_NAME. */
  readonly name: string
  readonly write: (writer: MessageWriter, value: object) => void
  readonly read: (view: DataView, start: number, end: number) => object
  /** Which of several kinds with one kernel name this is; `at` gives the value of a u32 attribute. */
  readonly is: (present: Present, at: (type: number) => number) => boolean
}

type FieldsOf<K extends ExpressionKind> = Fields<Omit<ExpressionOf<K>, 'kind'>>

function row<K extends ExpressionKind>(
  kind: K,
  name: string,
  fields: FieldsOf<K>,
  {
    is = () => true,
    fixed = [],
  }: { is?: ExpressionRow['is']; fixed?: readonly (readonly [type: number, value: number])[] } = {},
): ExpressionRow {
  const format = recordFormat(kind, fields as Fields<object>, { kind })
  return {
    kind,
    name,
    is,
    read: format.read,
    write: (writer, value) => {
      for (const [type, number] of fixed) writer.attrU32Be(type, number)
      format.write(writer, value as { kind: K })
    },
  }
}

const has =
  (type: number): ExpressionRow['is'] =>
  (present) =>
    present(type)

const bitwiseOp = (op: number) => ({ is: ((_, at) => at(6) === op) as ExpressionRow['is'], fixed: [[6, op]] as const })
const natFlags = flagNames(names.natFlags)
const families: Field<'ip' | 'ip6'> = field(2, codes({ ip: 2, ip6: 10 }, u32Be))

/** linux/netfilter/nf_tables.h: attribute numbers of NFTA_<NAME>_*. `verdict` and `unknown` are in codec.ts. */
export const rows: readonly ExpressionRow[] = [
  row(
    'payload',
    'payload',
    {
      dreg: field(1, register),
      base: field(2, name32(names.payloadBases)),
      offset: field(3, u32Be),
      len: field(4, u32Be),
    },
    { is: has(1) },
  ),
  row(
    'payload-set',
    'payload',
    {
      sreg: field(5, register),
      base: field(2, name32(names.payloadBases)),
      offset: field(3, u32Be),
      len: field(4, u32Be),
      checksum: field(6, name32(['none', 'inet', 'sctp'])),
      checksumOffset: field(7, u32Be),
      pseudoHeader: optional(8, bit(1)),
    },
    { is: has(5) },
  ),
  row(
    'exthdr',
    'exthdr',
    {
      dreg: field(1, register),
      type: field(2, u8),
      offset: field(3, u32Be),
      len: field(4, u32Be),
      present: optional(5, bit(1)),
      op: field(6, name32(['ipv6', 'tcpopt'])),
    },
    { is: has(1) },
  ),
  row(
    'exthdr-set',
    'exthdr',
    {
      sreg: field(7, register),
      type: field(2, u8),
      offset: field(3, u32Be),
      len: field(4, u32Be),
      op: field(6, name32(['-', 'tcpopt'])),
    },
    { is: has(7) },
  ),
  row('meta', 'meta', { key: field(2, name32(names.metaKeys)), dreg: field(1, register) }, { is: has(1) }),
  row('meta-set', 'meta', { key: field(2, name32(names.metaKeys)), sreg: field(3, register) }, { is: has(3) }),
  row(
    'ct',
    'ct',
    {
      key: field(2, name32(names.ctKeys)),
      direction: optional(3, name8(names.ctDirections)),
      dreg: field(1, register),
    },
    { is: has(1) },
  ),
  row(
    'ct-set',
    'ct',
    {
      key: field(2, name32(names.ctKeys)),
      direction: optional(3, name8(names.ctDirections)),
      sreg: field(4, register),
    },
    { is: has(4) },
  ),
  row('rt', 'rt', { key: field(2, name32(names.rtKeys)), dreg: field(1, register) }),
  row('socket', 'socket', {
    key: field(1, name32(names.socketKeys)),
    dreg: field(2, register),
    level: optional(3, u32Be),
  }),
  row('fib', 'fib', {
    flags: field(3, flagNames(names.fibFlags)),
    result: field(2, name32(names.fibResults)),
    dreg: field(1, register),
  }),
  row('numgen', 'numgen', {
    dreg: field(1, register),
    modulus: field(2, u32Be),
    type: field(3, name32(['incremental', 'random'])),
    offset: field(4, u32Be),
  }),
  row(
    'jhash',
    'hash',
    {
      sreg: field(1, register),
      dreg: field(2, register),
      len: field(3, u32Be),
      modulus: field(4, u32Be),
      seed: optional(5, u32Be),
      offset: field(6, u32Be),
    },
    { is: has(1), fixed: [[7, 0]] },
  ),
  row(
    'symhash',
    'hash',
    { dreg: field(2, register), modulus: field(4, u32Be), offset: field(6, u32Be) },
    { fixed: [[7, 1]] },
  ),
  row('cmp', 'cmp', { sreg: field(1, register), op: field(2, name32(names.cmpOps)), data: field(3, data) }),
  row('range', 'range', {
    sreg: field(1, register),
    op: field(2, name32(['eq', 'neq'])),
    from: field(3, data),
    to: field(4, data),
  }),
  row(
    'bitwise',
    'bitwise',
    {
      sreg: field(1, register),
      dreg: field(2, register),
      len: field(3, u32Be),
      mask: field(4, data),
      xor: field(5, data),
    },
    bitwiseOp(0),
  ),
  row(
    'shift',
    'bitwise',
    {
      sreg: field(1, register),
      dreg: field(2, register),
      len: field(3, u32Be),
      direction: field(6, name32(['-', 'left', 'right'])),
      bits: field(7, hostNumber),
    },
    { is: (_, at) => at(6) === 1 || at(6) === 2 },
  ),
  row('byteorder', 'byteorder', {
    sreg: field(1, register),
    dreg: field(2, register),
    op: field(3, name32(['ntoh', 'hton'])),
    len: field(4, u32Be),
    size: field(5, u32Be),
  }),
  row('lookup', 'lookup', {
    sreg: field(2, register),
    dreg: optional(3, registerOrVerdict),
    set: field(1, string),
    setId: optional(4, u32Be),
    inverted: optional(5, bit(1)),
  }),
  row('immediate', 'immediate', { dreg: field(1, register), data: field(2, data) }, { is: (_, at) => at(1) !== 0 }),
  row('counter', 'counter', { bytes: field(1, u64Be), packets: field(2, u64Be) }),
  row(
    'log',
    'log',
    {
      prefix: optional(2, string),
      level: field(5, name32(names.logLevels)),
      flags: optional(6, flagNames(names.logFlags)),
    },
    { is: (present) => !present(1) },
  ),
  row('nflog', 'log', {
    group: field(1, u16Be),
    prefix: optional(2, string),
    snaplen: optional(3, u32Be),
    queueThreshold: optional(4, u16Be),
  }),
  row('limit', 'limit', {
    rate: field(1, u64Be),
    unit: field(2, u64Be),
    burst: field(3, u32Be),
    of: field(4, name32(['packets', 'bytes'])),
    over: optional(5, bit(1)),
  }),
  row('connlimit', 'connlimit', { count: field(1, u32Be), over: optional(2, bit(1)) }),
  row(
    'reject',
    'reject',
    { type: field(1, name32(['icmp', '-', 'icmpx'])), code: field(2, u8) },
    { is: (_, at) => at(1) !== 1 },
  ),
  row('reject-tcp', 'reject', {}, { fixed: [[1, 1]] }),
  row('notrack', 'notrack', {}),
  row('flow-offload', 'flow_offload', { flowtable: field(1, string) }),
  row('nat', 'nat', {
    type: field(1, name32(['snat', 'dnat'])),
    family: families,
    addressMin: optional(3, register),
    addressMax: optional(4, register),
    portMin: optional(5, register),
    portMax: optional(6, register),
    flags: optional(7, natFlags),
  }),
  row('masq', 'masq', {
    flags: optional(1, natFlags),
    portMin: optional(2, register),
    portMax: optional(3, register),
  }),
  row('redir', 'redir', {
    portMin: optional(1, register),
    portMax: optional(2, register),
    flags: optional(3, natFlags),
  }),
]
