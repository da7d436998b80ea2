import { addressToBytes, parseAddress } from '@tortie/ip'
import { hostIsLittleEndian } from '@tortie/netlink'
import type { Expression, ExpressionOf } from '../expression/expression.ts'
import type { LogFlag, LogLevel, NatFlag } from '../expression/names.ts'
import { encodeValue } from '../key.ts'
import type { SetRef } from '../object/object.ts'
import type { Verdict } from '../verdict.ts'
import type { Field } from './field.ts'
import { raw, type Term } from './term.ts'

const verdict = (kind: Verdict): Term => raw({ kind: 'verdict', verdict: kind })
type ChainName = string | { readonly name: string }
const nameOf = (chain: ChainName): string => (typeof chain === 'string' ? chain : chain.name)

/** `limit(5n, 'minute', …)`. */
const seconds = { second: 1n, minute: 60n, hour: 3600n, day: 86400n, week: 604800n } as const

export interface LimitOptions {
  /** Default 5 packets or 0 bytes. */
  readonly burst?: number
  readonly of?: 'packets' | 'bytes'
  /** Goes on for what is over the rate. */
  readonly over?: true
}

/** What is done with a packet that came this far. */
export const action = {
  accept: verdict({ kind: 'accept' }),
  drop: verdict({ kind: 'drop' }),
  return: verdict({ kind: 'return' }),
  continue: verdict({ kind: 'continue' }),
  jump: (chain: ChainName): Term => verdict({ kind: 'jump', chain: nameOf(chain) }),
  goto: (chain: ChainName): Term => verdict({ kind: 'goto', chain: nameOf(chain) }),
  counter: raw({ kind: 'counter', packets: 0n, bytes: 0n }),
  notrack: raw({ kind: 'notrack' }),
  log: ({
    prefix,
    level = 'warn',
    flags,
  }: {
    prefix?: string
    level?: LogLevel
    flags?: readonly LogFlag[]
  } = {}): Term => raw({ kind: 'log', ...(prefix === undefined ? {} : { prefix }), level, ...(flags && { flags }) }),
  nflog: (group: number, options: Partial<Omit<ExpressionOf<'nflog'>, 'kind' | 'group'>> = {}): Term =>
    raw({ kind: 'nflog', group, ...options }),
  /** Goes on for what is within the rate: `action.limit(5, 'second', { burst: 10 })`. */
  limit: (rate: number, per: keyof typeof seconds, { of = 'packets', burst, over }: LimitOptions = {}): Term =>
    raw({
      kind: 'limit',
      of,
      rate: BigInt(rate),
      unit: seconds[per],
      burst: burst ?? (of === 'packets' ? 5 : 0),
      ...(over && { over }),
    }),
  connlimit: (count: number, over?: true): Term => raw({ kind: 'connlimit', count, ...(over && { over }) }),
  /** Family inet: `admin-prohibited` and the like for both versions. */
  reject: (why: 'no-route' | 'port-unreachable' | 'host-unreachable' | 'admin-prohibited' = 'port-unreachable'): Term =>
    raw({
      kind: 'reject',
      type: 'icmpx',
      code: ['no-route', 'port-unreachable', 'host-unreachable', 'admin-prohibited'].indexOf(why),
    }),
  /** ICMP or ICMPv6 destination unreachable with this code. */
  rejectIcmp: (layer: 'ip' | 'ip6', code: number): Term => ({
    expressions: [{ kind: 'reject', type: 'icmp', code }],
    needs: { layer },
  }),
  rejectTcp: { expressions: [{ kind: 'reject-tcp' }], needs: { protocol: 6 } } satisfies Term,
  /** Of the bits in `mask`. */
  setMark: (value: number, mask = 0xffff_ffff): Term =>
    raw(...maskedMark({ kind: 'meta', key: 'mark', dreg: 0 }, value, mask), {
      kind: 'meta-set',
      key: 'mark',
      sreg: 0,
    }),
  setCtMark: (value: number, mask = 0xffff_ffff): Term =>
    raw(...maskedMark({ kind: 'ct', key: 'mark', dreg: 0 }, value, mask), {
      kind: 'ct-set',
      key: 'mark',
      sreg: 0,
    }),
  /** To what a map says of a field; goes on without an entry. */
  setMarkFrom: (from: Field, map: SetRef): Term => ({
    expressions: [
      ...from.load(0),
      { kind: 'lookup', set: map.name, ...(map.id === undefined ? {} : { setId: map.id }), sreg: 0, dreg: 0 },
      { kind: 'meta-set', key: 'mark', sreg: 0 },
    ],
    ...(from.needs && { needs: from.needs }),
  }),
  /** DSCP, 0 to 63: the six bits before ECN. */
  setDscp: (layer: 'ip' | 'ip6', dscp: number): Term => ({ expressions: dscpWrite(layer, dscp), needs: { layer } }),
  /** TCP option maxseg to what the route allows; only in hooks forward, output and postrouting. */
  clampMss: raw(
    { kind: 'rt', key: 'tcpmss', dreg: 0 },
    { kind: 'byteorder', op: 'hton', sreg: 0, dreg: 0, len: 2, size: 2 },
    { kind: 'exthdr-set', op: 'tcpopt', type: 2, offset: 2, len: 2, sreg: 0 },
  ),
  /** ct mark set mark. */
  saveMark: raw({ kind: 'meta', key: 'mark', dreg: 0 }, { kind: 'ct-set', key: 'mark', sreg: 0 }),
  /** mark set ct mark. */
  restoreMark: raw({ kind: 'ct', key: 'mark', dreg: 0 }, { kind: 'meta-set', key: 'mark', sreg: 0 }),
  masquerade: ({ ports, flags }: NatOptions = {}): Term =>
    nat([], ports, (registers) => ({
      kind: 'masq',
      ...registers,
      ...(flags && { flags }),
    })),
  redirect: ({ ports, flags }: NatOptions = {}): Term =>
    nat([], ports, (registers) => ({
      kind: 'redir',
      ...registers,
      ...(flags && { flags }),
    })),
  snat: (address: string, options: NatOptions = {}): Term => natTo('snat', address, options),
  dnat: (address: string, options: NatOptions = {}): Term => natTo('dnat', address, options),
  offload: (flowtable: { readonly name: string }): Term => raw({ kind: 'flow-offload', flowtable: flowtable.name }),
} as const

export interface NatOptions {
  /** One port or a range; the rule must match the protocol. */
  readonly ports?: number | readonly [first: number, last: number]
  readonly flags?: readonly NatFlag[]
}

function maskedMark(load: Expression, value: number, mask: number): Expression[] {
  if (mask >>> 0 === 0xffff_ffff) return [{ kind: 'immediate', dreg: 0, data: hostU32(value) }]
  return [load, { kind: 'bitwise', sreg: 0, dreg: 0, len: 4, mask: hostU32(~mask), xor: hostU32(value & mask) }]
}

/** RFC 2474: the second byte of IPv4, bits 4 to 9 of IPv6; written in words of 16 bits. */
function dscpWrite(layer: 'ip' | 'ip6', dscp: number): Expression[] {
  const word = { base: 'network', offset: 0, len: 2 } as const
  const [mask, xor] =
    layer === 'ip'
      ? [Uint8Array.of(0xff, 0x03), Uint8Array.of(0, dscp << 2)]
      : [Uint8Array.of(0xf0, 0x3f), Uint8Array.of(dscp >> 2, (dscp & 3) << 6)]
  return [
    { kind: 'payload', ...word, dreg: 0 },
    { kind: 'bitwise', sreg: 0, dreg: 0, len: 2, mask, xor },
    layer === 'ip'
      ? { kind: 'payload-set', ...word, sreg: 0, checksum: 'inet', checksumOffset: 10 }
      : { kind: 'payload-set', ...word, sreg: 0, checksum: 'none', checksumOffset: 0 },
  ]
}

function hostU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, hostIsLittleEndian)
  return bytes
}

interface PortRegisters {
  readonly portMin?: number
  readonly portMax?: number
}

/** Loads ports after what is loaded already, each into a register of its own 16 bytes. */
function nat(
  before: readonly Expression[],
  ports: NatOptions['ports'],
  last: (registers: PortRegisters) => Expression,
): Term {
  const loads: Expression[] = [...before]
  const port = (value: number): number => {
    const dreg = 4 * loads.length
    loads.push({ kind: 'immediate', dreg, data: encodeValue('inet_service', value) })
    return dreg
  }
  const registers: { portMin?: number; portMax?: number } = {}
  if (ports !== undefined) {
    const [first, end] = typeof ports === 'number' ? [ports, ports] : ports
    registers.portMin = port(first)
    registers.portMax = first === end ? registers.portMin : port(end)
  }
  return { expressions: [...loads, last(registers)] }
}

function natTo(type: 'snat' | 'dnat', address: string, { ports, flags }: NatOptions): Term {
  const data = addressToBytes(parseAddress(address))
  const family = data.length === 4 ? 'ip' : 'ip6'
  return nat([{ kind: 'immediate', dreg: 0, data }], ports, (registers) => ({
    kind: 'nat',
    type,
    family,
    addressMin: 0,
    addressMax: 0,
    ...registers,
    ...(flags && { flags }),
  }))
}
