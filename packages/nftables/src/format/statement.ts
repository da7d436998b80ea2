import type { Expression, ExpressionOf } from '../expression/expression.ts'
import type { LogFlag } from '../expression/names.ts'
import { formatValue } from '../value.ts'
import type { Loaded } from './loads.ts'
import { quoted } from './value.ts'

const logFlagText: Readonly<Record<LogFlag, string>> = {
  'tcp-sequence': 'tcp sequence',
  'tcp-options': 'tcp options',
  'ip-options': 'ip options',
  uid: 'skuid',
  macdecode: 'ether',
}
const units: Readonly<Record<string, string>> = {
  1: 'second',
  60: 'minute',
  3600: 'hour',
  86400: 'day',
  604800: 'week',
}
const icmpx = ['no-route', 'port-unreachable', 'host-unreachable', 'admin-prohibited']

/** Statements that read no register. */
export function statementText(expression: Expression, layer: 'ip' | 'ip6' | 'arp' | undefined): string {
  switch (expression.kind) {
    case 'counter': {
      const { packets, bytes } = expression
      return packets === 0n && bytes === 0n ? 'counter' : `counter packets ${packets} bytes ${bytes}`
    }
    case 'log':
      return words('log', prefixText(expression), `level ${expression.level}`, logFlags(expression.flags))
    case 'nflog': {
      const { group, snaplen, queueThreshold } = expression
      const rest = [named('snaplen', snaplen), named('queue-threshold', queueThreshold)]
      return words('log', prefixText(expression), `group ${group}`, ...rest)
    }
    case 'limit':
      return limitText(expression)
    case 'connlimit':
      return `ct count ${expression.over ? 'over ' : ''}${expression.count}`
    case 'reject':
      if (expression.type === 'icmpx') return `reject with icmpx ${icmpx[expression.code] ?? expression.code}`
      return `reject with ${layer === 'ip6' ? 'icmpv6' : 'icmp'} ${expression.code}`
    case 'reject-tcp':
      return 'reject with tcp reset'
    case 'notrack':
      return 'notrack'
    case 'flow-offload':
      return `flow add @${expression.flowtable}`
    default:
      return `<${expression.kind === 'unknown' ? expression.name : expression.kind}>`
  }
}

function words(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ')
}

function named(name: string, value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${name} ${value}`
}

function prefixText({ prefix }: { readonly prefix?: string }): string | undefined {
  return prefix === undefined ? undefined : `prefix ${quoted(prefix)}`
}

function logFlags(flags: readonly LogFlag[] | undefined): string | undefined {
  return flags?.map((flag) => `flags ${logFlagText[flag]}`).join(' ')
}

function limitText({ of, rate, unit, burst, over }: ExpressionOf<'limit'>): string {
  const what = of === 'bytes' ? ' bytes' : ''
  const bursts = burst === 0 ? undefined : `burst ${burst} ${of}`
  return words(`limit rate ${over ? 'over ' : ''}${rate}${what}/${units[String(unit)] ?? `${unit}s`}`, bursts)
}

/** snat, dnat, masquerade and redirect, with the addresses and ports that registers hold. */
export function natText(expression: ExpressionOf<'nat' | 'masq' | 'redir'>, at: (register: number) => Loaded): string {
  const { portMin, portMax, flags } = expression
  const ports = span(portMin, portMax, (register) => registerText(at(register), 'inet_service'))
  const flagText = flags?.join(',')
  if (expression.kind !== 'nat') {
    const word = expression.kind === 'masq' ? 'masquerade' : 'redirect'
    return words(word, ports === undefined ? undefined : `to :${ports}`, flagText)
  }
  const { type, family, addressMin, addressMax } = expression
  const address = span(addressMin, addressMax, (register) =>
    registerText(at(register), family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'),
  )
  const bracketed = family === 'ip6' && ports !== undefined && address !== undefined ? `[${address}]` : address
  return words(type, family, `to ${bracketed ?? ''}${ports === undefined ? '' : `:${ports}`}`, flagText)
}

function registerText({ constant, text }: Loaded, type: 'inet_service' | 'ipv4_addr' | 'ipv6_addr'): string {
  return constant ? formatValue(type, constant) : text
}

function span(
  min: number | undefined,
  max: number | undefined,
  text: (register: number) => string,
): string | undefined {
  if (min === undefined) return undefined
  return max === undefined || max === min ? text(min) : `${text(min)}-${text(max)}`
}
