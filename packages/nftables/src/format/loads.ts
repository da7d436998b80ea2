import type { DataType } from '../data-type.ts'
import type { Expression, ExpressionOf } from '../expression/expression.ts'
import type { CtKey, MetaKey } from '../expression/names.ts'
import { type HeaderField, headerFields, type Layer } from '../packet/headers.ts'
import { ctTypes, fibTypes, metaTypes } from '../packet/keys.ts'

/** What a register holds, as nft would write it. */
export interface Loaded {
  readonly text: string
  /** undefined: a number of `size` bytes. */
  readonly type?: DataType | undefined
  readonly size: number
  readonly order: 'host' | 'network'
  /** It was masked, and changed by xor, since it was loaded. */
  readonly mask?: Uint8Array
  readonly xor?: Uint8Array
  /** It is this constant. */
  readonly constant?: Uint8Array
}

/** What the rule has established so far. */
export interface Known {
  readonly layer?: Layer | undefined
  readonly protocol?: number | undefined
}

/** By kind of expression that fills a register; the rest do not load. */
export const loads: {
  readonly [K in Expression['kind']]?: (expression: ExpressionOf<K>, known: Known) => Loaded
} = {
  payload: formatPayload,
  meta: ({ key }) => load(metaText(key), metaTypes[key], 4),
  ct: ({ key, direction }) => load(ctText(key, direction), ctTypes[key], 8),
  rt: ({ key }) =>
    load(`rt ${rtText[key]}`, key === 'nexthop4' ? 'ipv4_addr' : key === 'nexthop6' ? 'ipv6_addr' : undefined, 2),
  socket: ({ key, level }) =>
    load(
      level === undefined ? `socket ${key}` : `socket ${key} level ${level}`,
      key === 'mark' ? 'mark' : undefined,
      1,
    ),
  fib: ({ flags, result }) => {
    const present = flags.includes('present')
    const text = `fib ${flags.filter((flag) => flag !== 'present').join(' . ')} ${result}`
    return load(text, present ? 'boolean' : fibTypes[result], 4)
  },
  numgen: ({ type, modulus, offset }) =>
    load(`numgen ${type === 'random' ? 'random' : 'inc'} mod ${modulus}${offsetText(offset)}`, undefined, 4),
  symhash: ({ modulus, offset }) => load(`symhash mod ${modulus}${offsetText(offset)}`, undefined, 4),
  exthdr: formatExthdr,
  immediate: ({ data }) => ({ text: '', size: data.length, order: 'host', constant: data }),
}

export function offsetText(offset: number): string {
  return offset === 0 ? '' : ` offset ${offset}`
}

function load(text: string, type: DataType | undefined, size: number): Loaded {
  return { text, type, size, order: 'host' }
}

const bare: ReadonlySet<MetaKey> = new Set<MetaKey>(['iif', 'oif', 'iifname', 'oifname', 'iifgroup', 'oifgroup'])

export function metaText(key: MetaKey): string {
  return bare.has(key) ? key : `meta ${key}`
}

const addressKeys: Partial<Record<CtKey, string>> = {
  'src-ip': 'ip saddr',
  'dst-ip': 'ip daddr',
  'src-ip6': 'ip6 saddr',
  'dst-ip6': 'ip6 daddr',
}

function ctText(key: CtKey, direction: string | undefined): string {
  return ['ct', direction, addressKeys[key] ?? key].filter((word) => word !== undefined).join(' ')
}

const rtText = { classid: 'classid', nexthop4: 'ip nexthop', nexthop6: 'ip6 nexthop', tcpmss: 'mtu', ipsec: 'ipsec' }

const bases = { link: 'll', network: 'nh', transport: 'th', inner: 'ih' } as const
const fields = Object.entries(headerFields as Record<string, HeaderField>)

/** The name of a header field if the rule is known to be about that header, else its place in bits. */
function formatPayload({ base, offset, len }: ExpressionOf<'payload'>, known: Known): Loaded {
  const found = fields.find(
    ([, field]) =>
      field.base === base &&
      field.offset === offset &&
      (field.len === len || (len < field.len && field.type.startsWith('ipv'))) &&
      (field.layer === undefined || field.layer === known.layer) &&
      (field.protocol === undefined || field.protocol === known.protocol),
  )
  if (found) return { text: found[0], type: found[1].type, size: len, order: 'network' }
  return { text: `@${bases[base]},${offset * 8},${len * 8}`, size: len, order: 'network' }
}

function formatExthdr({ op, type, offset, len, present }: ExpressionOf<'exthdr'>): Loaded {
  const place = op === 'tcpopt' ? tcpOption(type, offset, len) : `exthdr ${extensionHeaders[type] ?? type}`
  const whole = op === 'tcpopt' && type === 2 ? 'tcp option maxseg' : place
  return { text: present ? whole : place, type: present ? 'boolean' : undefined, size: len, order: 'network' }
}

/** RFC 9293: kind, length, value. */
export function tcpOption(type: number, offset: number, len: number): string {
  return type === 2 && offset === 2 && len === 2
    ? 'tcp option maxseg size'
    : `tcp option @${type},${offset * 8},${len * 8}`
}

const extensionHeaders: Readonly<Record<number, string>> = { 0: 'hbh', 43: 'rt', 44: 'frag', 60: 'dst', 135: 'mh' }
