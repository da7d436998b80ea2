import { parseCidr } from '@tortie/ip'
import { type DataType, dataTypes, type Value } from '../data-type.ts'
import { badValue } from '../errors.ts'
import type { Expression } from '../expression/expression.ts'
import { encodeValue, paddedSize } from '../key.ts'
import type { SetRef } from '../object/object.ts'
import type { Needs, Term } from './term.ts'

/** Something of a packet that can be compared, looked up and joined to a concatenation. */
export interface Field {
  readonly type: DataType
  readonly needs?: Needs
  /** Loads it into the register. */
  load(dreg: number): readonly Expression[]
  /** Equal to a value; an address prefix `10.0.0.0/8`; an interface name that begins so, `cali*`. */
  is(value: Value): Term
  isNot(value: Value): Term
  /** From `first` to `last`, both included. */
  between(first: Value, last: Value): Term
  notBetween(first: Value, last: Value): Term
  less(value: Value): Term
  greater(value: Value): Term
  /** One of the bits of `value` is set, e.g. `ct.state.has('established,related')`. */
  has(value: Value): Term
  hasNot(value: Value): Term
  /** The bits of `mask` have those of `value`. */
  masked(mask: Value, value: Value): Term
  notMasked(mask: Value, value: Value): Term
  in(set: SetRef): Term
  notIn(set: SetRef): Term
  /** Goes where the verdict map says; on without an entry. */
  vmap(map: SetRef): Term
}

/** The first register: where single values go. */
const register = 0

/** @param load gives the expressions that load the field; @param shorten loads its first `len` bytes, if it can */
export function createField(
  type: DataType,
  load: (dreg: number) => readonly Expression[],
  needs?: Needs,
  { shorten, gives }: { shorten?: (len: number) => Expression; gives?: (value: Uint8Array) => Needs | undefined } = {},
): Field {
  const first = load(register)
  const none = new Uint8Array(dataTypes[type].size)
  const term = (...rest: Expression[]): Term => ({ expressions: [...first, ...rest], ...(needs && { needs }) })
  const bytes = (value: Value): Uint8Array => encodeValue(type, value)
  const equal = (op: 'eq' | 'neq', value: Value): Term => {
    if (typeof value === 'string' && type.startsWith('ipv') && value.includes('/')) return prefixTerm(op, value)
    if (typeof value === 'string' && type === 'ifname' && value.endsWith('*'))
      return term(cmp(op, new TextEncoder().encode(value.slice(0, -1))))
    const data = bytes(value)
    const known = op === 'eq' ? gives?.(data) : undefined
    return { ...term(cmp(op, data)), ...(known && { gives: known }) }
  }
  const prefixTerm = (op: 'eq' | 'neq', text: string): Term => {
    const { address, length } = parseCidr(text)
    const whole = bytes(text.slice(0, text.indexOf('/')))
    if (length === whole.length * 8) return term(cmp(op, whole))
    if (length % 8 === 0 && length > 0 && shorten) {
      const head = whole.slice(0, length / 8)
      return { expressions: [shorten(head.length), cmp(op, head)], ...(needs && { needs }) }
    }
    const mask = prefixMask(whole.length, length)
    const data = whole.map((byte, i) => byte & (mask[i] ?? 0))
    if (data.some((byte, i) => byte !== whole[i]))
      throw badValue(type, `${JSON.stringify(text)} has host bits set in family ${address.family}`)
    return term(bitwise(mask), cmp(op, data))
  }
  const masked = (op: 'eq' | 'neq', mask: Value, value: Value): Term =>
    term(bitwise(bytes(mask)), cmp(op, bytes(value)))
  return {
    type,
    load,
    ...(needs && { needs }),
    is: (value) => equal('eq', value),
    isNot: (value) => equal('neq', value),
    between: (first, last) => term(cmp('gte', bytes(first)), cmp('lte', bytes(last))),
    notBetween: (first, last) =>
      term({ kind: 'range', op: 'neq', sreg: register, from: bytes(first), to: bytes(last) }),
    less: (value) => term(cmp('lt', bytes(value))),
    greater: (value) => term(cmp('gt', bytes(value))),
    has: (value) => masked('neq', value, none),
    hasNot: (value) => masked('eq', value, none),
    masked: (mask, value) => masked('eq', mask, value),
    notMasked: (mask, value) => masked('neq', mask, value),
    in: (set) => term(lookup(set)),
    notIn: (set) => term({ ...lookup(set), inverted: true }),
    vmap: (map) => term({ ...lookup(map), dreg: 'verdict' }),
  }
}

/** Several fields as one key, in the order of the set's key type. */
export interface Concatenation {
  in(set: SetRef): Term
  notIn(set: SetRef): Term
  vmap(map: SetRef): Term
}

/** `concat(ip.saddr, meta.l4proto, th.dport).in(set)`. */
export function concat(...fields: Field[]): Concatenation {
  const expressions: Expression[] = []
  let dreg = register
  let needs: Needs = {}
  for (const field of fields) {
    expressions.push(...field.load(dreg))
    dreg += paddedSize(field.type) / 4
    needs = { ...needs, ...field.needs }
  }
  const term = (last: Expression): Term => ({ expressions: [...expressions, last], needs })
  return {
    in: (set) => term(lookup(set)),
    notIn: (set) => term({ ...lookup(set), inverted: true }),
    vmap: (map) => term({ ...lookup(map), dreg: 'verdict' }),
  }
}

function cmp(op: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte', data: Uint8Array): Expression {
  return { kind: 'cmp', op, sreg: register, data }
}

function bitwise(mask: Uint8Array): Expression {
  return { kind: 'bitwise', sreg: register, dreg: register, len: mask.length, mask, xor: zeros(mask.length) }
}

const zeroBytes: (Uint8Array | undefined)[] = []

/** Shared: never changed. */
function zeros(size: number): Uint8Array {
  zeroBytes[size] ??= new Uint8Array(size)
  return zeroBytes[size]
}

function lookup(set: SetRef): Extract<Expression, { kind: 'lookup' }> {
  return { kind: 'lookup', set: set.name, ...(set.id === undefined ? {} : { setId: set.id }), sreg: register }
}

function prefixMask(size: number, length: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => {
    const bits = Math.min(8, Math.max(0, length - 8 * i))
    return (0xff << (8 - bits)) & 0xff
  })
}
