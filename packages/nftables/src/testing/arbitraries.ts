import fc from 'fast-check'
import * as names from '../expression/names.ts'
import {
  type Chain,
  type DataType,
  dataTypes,
  type Element,
  type Expression,
  type Flowtable,
  keySize,
  type NftSet,
  type Rule,
  type Table,
  type Verdict,
} from '../index.ts'

const register = fc.integer({ min: 0, max: 15 })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u8 = fc.integer({ min: 0, max: 255 })
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
const data = fc.uint8Array({ minLength: 1, maxLength: 64 })
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.-]{0,30}$/)
const text = fc.string({ maxLength: 60, unit: 'grapheme' }).filter((value) => !value.includes('\0'))
const userData = fc.uint8Array({ minLength: 1, maxLength: 200 })
const yes = fc.constant(true as const)
const of = <T extends string>(values: readonly T[]) =>
  fc.constantFrom(...(values.filter((value) => value !== '-') as Exclude<T, '-'>[]))
/** In the order of bits. */
const some = <T extends string>(values: readonly T[]) =>
  fc.subarray(values.filter((value) => value !== '-') as Exclude<T, '-'>[], { minLength: 1 })

/** A record with `required`, and any part of `optional`. */
function record<R extends object, O extends object>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  optional: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<R & Partial<O>> {
  return fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) as never[] }) as never
}

export const anyVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constantFrom('accept', 'drop', 'continue', 'break', 'return') }),
  fc.record({ kind: fc.constantFrom('jump', 'goto'), chain: name }),
) as fc.Arbitrary<Verdict>

const ports = { portMin: register, portMax: register, flags: some(names.natFlags) }
const kind = <K extends string>(value: K) => fc.constant(value)

/** One for each kind: a test holds this table against the union. */
export const expressionsByKind: {
  readonly [K in Expression['kind']]: fc.Arbitrary<Expression & { readonly kind: K }>
} = {
  payload: record({ kind: kind('payload'), base: of(names.payloadBases), offset: u32, len: u32, dreg: register }, {}),
  'payload-set': record(
    {
      kind: kind('payload-set'),
      base: of(names.payloadBases),
      offset: u32,
      len: u32,
      sreg: register,
      checksum: fc.constantFrom('none', 'inet', 'sctp'),
      checksumOffset: u32,
    },
    { pseudoHeader: yes },
  ),
  exthdr: record(
    { kind: kind('exthdr'), op: fc.constantFrom('ipv6', 'tcpopt'), type: u8, offset: u32, len: u32, dreg: register },
    { present: yes },
  ),
  'exthdr-set': record(
    { kind: kind('exthdr-set'), op: kind('tcpopt'), type: u8, offset: u32, len: u32, sreg: register },
    {},
  ),
  meta: record({ kind: kind('meta'), key: of(names.metaKeys), dreg: register }, {}),
  'meta-set': record({ kind: kind('meta-set'), key: of(names.metaKeys), sreg: register }, {}),
  ct: record({ kind: kind('ct'), key: of(names.ctKeys), dreg: register }, { direction: of(names.ctDirections) }),
  'ct-set': record(
    { kind: kind('ct-set'), key: of(names.ctKeys), sreg: register },
    { direction: of(names.ctDirections) },
  ),
  rt: record({ kind: kind('rt'), key: of(names.rtKeys), dreg: register }, {}),
  socket: record({ kind: kind('socket'), key: of(names.socketKeys), dreg: register }, { level: u32 }),
  fib: record({ kind: kind('fib'), result: of(names.fibResults), flags: some(names.fibFlags), dreg: register }, {}),
  numgen: record(
    { kind: kind('numgen'), type: fc.constantFrom('incremental', 'random'), modulus: u32, offset: u32, dreg: register },
    {},
  ),
  jhash: record(
    { kind: kind('jhash'), sreg: register, len: u32, modulus: u32, offset: u32, dreg: register },
    { seed: u32 },
  ),
  symhash: record({ kind: kind('symhash'), modulus: u32, offset: u32, dreg: register }, {}),
  cmp: record({ kind: kind('cmp'), op: of(names.cmpOps), sreg: register, data }, {}),
  range: record({ kind: kind('range'), op: fc.constantFrom('eq', 'neq'), sreg: register, from: data, to: data }, {}),
  bitwise: record({ kind: kind('bitwise'), sreg: register, dreg: register, len: u32, mask: data, xor: data }, {}),
  shift: record(
    {
      kind: kind('shift'),
      direction: fc.constantFrom('left', 'right'),
      sreg: register,
      dreg: register,
      len: u32,
      bits: u32,
    },
    {},
  ),
  byteorder: record(
    {
      kind: kind('byteorder'),
      op: fc.constantFrom('ntoh', 'hton'),
      sreg: register,
      dreg: register,
      len: u32,
      size: u32,
    },
    {},
  ),
  lookup: record(
    { kind: kind('lookup'), set: name, sreg: register },
    { setId: u32, dreg: fc.oneof(register, fc.constant('verdict' as const)), inverted: yes },
  ),
  immediate: record({ kind: kind('immediate'), dreg: register, data }, {}),
  verdict: record({ kind: kind('verdict'), verdict: anyVerdict }, {}),
  counter: record({ kind: kind('counter'), packets: u64, bytes: u64 }, {}),
  log: record({ kind: kind('log'), level: of(names.logLevels) }, { prefix: text, flags: some(names.logFlags) }),
  nflog: record({ kind: kind('nflog'), group: u16 }, { prefix: text, snaplen: u32, queueThreshold: u16 }),
  limit: record(
    { kind: kind('limit'), of: fc.constantFrom('packets', 'bytes'), rate: u64, unit: u64, burst: u32 },
    { over: yes },
  ),
  connlimit: record({ kind: kind('connlimit'), count: u32 }, { over: yes }),
  reject: record({ kind: kind('reject'), type: fc.constantFrom('icmp', 'icmpx'), code: u8 }, {}),
  'reject-tcp': record({ kind: kind('reject-tcp') }, {}),
  notrack: record({ kind: kind('notrack') }, {}),
  'flow-offload': record({ kind: kind('flow-offload'), flowtable: name }, {}),
  nat: record(
    { kind: kind('nat'), type: fc.constantFrom('snat', 'dnat'), family: fc.constantFrom('ip', 'ip6') },
    { addressMin: register, addressMax: register, ...ports },
  ),
  masq: record({ kind: kind('masq') }, ports),
  redir: record({ kind: kind('redir') }, ports),
  unknown: record(
    {
      kind: kind('unknown'),
      name: fc.constantFrom('dynset', 'quota', 'osf'),
      // attributes, as everything in a nest is
      data: u32.map((value) => Uint8Array.of(8, 0, 1, 0, value >>> 24, value & 255, 0, 1)),
    },
    {},
  ),
} as never

export const anyExpression: fc.Arbitrary<Expression> = fc.oneof(...Object.values(expressionsByKind))

const family = fc.constantFrom('inet', 'ip', 'ip6')
export const anyTable: fc.Arbitrary<Table> = record({ kind: kind('table'), family, name }, { dormant: yes, userData })
const anyTableRef = fc.record({ kind: kind('table'), family, name })

const base = record(
  {
    type: fc.constantFrom('filter', 'nat', 'route'),
    hook: fc.constantFrom('prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'),
    priority: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    policy: fc.constantFrom('accept', 'drop'),
  },
  { devices: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }) },
)
export const anyChain = record(
  { kind: kind('chain'), table: anyTableRef, name },
  { base, userData },
) as fc.Arbitrary<Chain>

export const anyRule: fc.Arbitrary<Rule> = record(
  {
    kind: kind('rule'),
    chain: fc.record({ kind: kind('chain'), table: anyTableRef, name }),
    expressions: fc.array(anyExpression, { maxLength: 12 }),
  },
  { userData, handle: u64, position: u64 },
)

const dataType = fc.constantFrom(...(Object.keys(dataTypes) as DataType[]))
const keyType = fc.array(dataType, { minLength: 1, maxLength: 3 })
const setComment = text.map((value) => {
  const bytes = new TextEncoder().encode(`${value}\0`)
  return Uint8Array.of(7, bytes.length, ...bytes)
})
export const anySet: fc.Arbitrary<NftSet> = record(
  { kind: kind('set'), table: anyTableRef, name, key: keyType },
  {
    data: fc.oneof(fc.constant('verdict' as const), keyType),
    interval: yes,
    constant: yes,
    timeout: yes,
    dynamic: yes,
    timeoutMs: u64,
    gcIntervalMs: u32,
    size: u32,
    policy: kind('memory'),
    userData: setComment,
  },
)

export const anyFlowtable: fc.Arbitrary<Flowtable> = record(
  {
    kind: kind('flowtable'),
    table: anyTableRef,
    name,
    priority: fc.integer({ min: -1000, max: 1000 }),
    devices: fc.uniqueArray(name, { maxLength: 3 }),
  },
  { counter: yes },
)

/** Elements that fit the key of `set`, not necessarily in an order that the kernel takes. */
export function anyElementOf(set: NftSet): fc.Arbitrary<Element> {
  const size = keySize(set.key)
  const key = fc.uint8Array({ minLength: size, maxLength: size })
  return record(
    { key },
    {
      keyEnd: key,
      intervalEnd: yes,
      timeoutMs: u64,
      expirationMs: u64,
      userData,
      ...(set.data === 'verdict' ? { verdict: anyVerdict } : {}),
      ...(set.data && set.data !== 'verdict' ? { data } : {}),
    },
  ) as fc.Arbitrary<Element>
}
