import { parseCidr } from '@tortie/ip'
import { NLM_F_DUMP } from '../wire/header.ts'
import {
  attributeEnd,
  attributeLength,
  attributeType,
  type Message,
  nextAttribute,
  readString,
  readU32,
} from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { addressText, attrAddress, defined } from './attributes.ts'
import { AF_UNSPEC, familyNumber, familyOf, RTM_GETRULE } from './constants.ts'
import type { Query } from './query.ts'

const FIB_RULE_INVERT = 2
const [FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_PRIORITY, FRA_FWMARK] = [1, 2, 3, 4, 6, 10]
const [FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_FWMASK, FRA_OIFNAME, FRA_PROTOCOL] = [14, 15, 16, 17, 21]

/** fib_rule_hdr.action by its number. */
export const ruleActions = [
  'unspec',
  'to-table',
  'goto',
  'nop',
  'res3',
  'res4',
  'blackhole',
  'unreachable',
  'prohibit',
] as const

/** A routing rule, linux/fib_rules.h. */
export interface RoutingRule {
  readonly family: 4 | 6
  /** Lower is asked first. */
  readonly priority: number
  /** Looks the route up in this table; main (254) when left out. */
  readonly table?: number
  /** `to-table` when left out. */
  readonly action?: (typeof ruleActions)[number]
  readonly mark?: number
  readonly mask?: number
  /** The rule applies to what does not match. */
  readonly invert?: boolean
  readonly src?: string
  readonly dst?: string
  readonly iif?: string
  readonly oif?: string
  readonly suppressPrefixLength?: number
  readonly goto?: number
  /** RTPROT_*: who made it. */
  readonly protocol?: number
}

/** fib_rule_hdr: family u8, dst length u8, src length u8, tos u8, table u8, res u8, res u8, action u8, flags u32. */
export function encodeRule(writer: MessageWriter, rule: RoutingRule): void {
  const { table = 254, action = 'to-table' } = rule
  writer.u8(familyNumber(rule.family)).u8(lengthOf(rule.dst)).u8(lengthOf(rule.src)).u8(0)
  writer
    .u8(table < 256 ? table : 0)
    .zeros(2)
    .u8(ruleActions.indexOf(action))
    .u32(rule.invert ? FIB_RULE_INVERT : 0)
  writer.attrU32(FRA_PRIORITY, rule.priority)
  if (action === 'to-table') writer.attrU32(FRA_TABLE, table)
  if (rule.dst !== undefined) attrAddress(writer, FRA_DST, addressPart(rule.dst))
  if (rule.src !== undefined) attrAddress(writer, FRA_SRC, addressPart(rule.src))
  if (rule.iif !== undefined) writer.attrString(FRA_IIFNAME, rule.iif)
  if (rule.oif !== undefined) writer.attrString(FRA_OIFNAME, rule.oif)
  if (rule.mark !== undefined) writer.attrU32(FRA_FWMARK, rule.mark)
  if (rule.mask !== undefined) writer.attrU32(FRA_FWMASK, rule.mask)
  if (rule.suppressPrefixLength !== undefined) writer.attrU32(FRA_SUPPRESS_PREFIXLEN, rule.suppressPrefixLength)
  if (rule.goto !== undefined) writer.attrU32(FRA_GOTO, rule.goto)
  if (rule.protocol !== undefined) writer.attrU8(FRA_PROTOCOL, rule.protocol)
}

export function rules(filter: { readonly family?: 4 | 6 } = {}): Query<RoutingRule> {
  return {
    what: 'rules',
    type: RTM_GETRULE,
    flags: NLM_F_DUMP,
    encode: (writer) => writer.u8(filter.family ? familyNumber(filter.family) : AF_UNSPEC).zeros(11),
    decode: decodeRule,
  }
}

export function decodeRule({ view, start, end }: Message): RoutingRule | undefined {
  const family = familyOf(view.getUint8(start))
  if (!family) return undefined
  const found = new Map<number, number>()
  for (let at = start + 12; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    found.set(attributeType(view, at), at)
  }
  const value = <T>(type: number | undefined, read: (from: number, to: number) => T): T | undefined => {
    const at = found.get(type ?? -1)
    return at === undefined ? undefined : read(at + 4, attributeEnd(view, at))
  }
  const number = (from: number): number => readU32(view, from)
  const text = (from: number, to: number): string => readString(view, from, to)
  const prefix =
    (length: number) =>
    (from: number, to: number): string =>
      `${addressText(view, from, to)}/${length}`
  const suppress = value(FRA_SUPPRESS_PREFIXLEN, number)
  return defined<RoutingRule>({
    family,
    priority: value(FRA_PRIORITY, number) ?? 0,
    table: value(FRA_TABLE, number) ?? view.getUint8(start + 4),
    action: ruleActions[view.getUint8(start + 7)] ?? 'unspec',
    mark: value(FRA_FWMARK, number),
    mask: value(FRA_FWMASK, number),
    invert: (readU32(view, start + 8) & FIB_RULE_INVERT) !== 0 ? true : undefined,
    src: value(FRA_SRC, prefix(view.getUint8(start + 2))),
    dst: value(FRA_DST, prefix(view.getUint8(start + 1))),
    iif: value(FRA_IIFNAME, text),
    oif: value(FRA_OIFNAME, text),
    suppressPrefixLength: suppress === 0xffffffff ? undefined : suppress,
    goto: value(FRA_GOTO, number),
    protocol: value(FRA_PROTOCOL, (from) => view.getUint8(from)),
  })
}

function lengthOf(cidr: string | undefined): number {
  return cidr === undefined ? 0 : parseCidr(cidr).length
}

function addressPart(cidr: string): string {
  return cidr.split('/')[0] ?? cidr
}
