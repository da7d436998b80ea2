import { parsePort } from '../scalars/port.ts'
import { hasPorts, parseProtocol, protocolNumbers } from '../scalars/protocol.ts'
import type { Finding } from '../schema/fields.ts'
import { tryPrefix } from '../schema/formats.ts'

/** What rules may not combine (spec 01 §1.6). The shapes are what the checks look at, so that schemas can name them. */

interface Icmp {
  readonly type?: number | undefined
  readonly code?: number | undefined
}

type Ports = readonly (number | string)[]

interface Entity {
  readonly nets?: readonly string[] | undefined
  readonly notNets?: readonly string[] | undefined
  readonly selector?: string | undefined
  readonly notSelector?: string | undefined
  readonly namespaceSelector?: string | undefined
  readonly ports?: Ports | undefined
  readonly notPorts?: Ports | undefined
  readonly services?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined
  readonly serviceAccounts?: object | undefined
}

interface Http {
  readonly methods?: readonly string[] | undefined
  readonly paths?: readonly { readonly exact?: string | undefined; readonly prefix?: string | undefined }[] | undefined
}

interface CheckedRule {
  readonly action: string
  readonly ipVersion?: 4 | 6 | undefined
  readonly protocol?: number | string | undefined
  readonly notProtocol?: number | string | undefined
  readonly icmp?: Icmp | undefined
  readonly source?: Entity | undefined
  readonly destination?: Entity | undefined
  readonly http?: Http | undefined
}

const sides = ['source', 'destination'] as const

export function* icmpFindings({ type, code }: Icmp): Generator<Finding> {
  if (code !== undefined && type === undefined)
    yield { at: ['code'], reason: 'ICMP code specified without an ICMP type; add the type' }
}

export function* entityRuleFindings(entity: Entity): Generator<Finding> {
  for (const [i, net] of (entity.notNets ?? []).entries())
    if (tryPrefix(net)?.length === 0)
      yield { at: ['notNets', i], reason: 'it excludes every address of its family; leave it out' }
  if (entity.services === undefined) return
  if (!entity.services.name) yield { at: ['services', 'name'], reason: 'must specify a service name' }
  const excluded = [
    ['NamespaceSelector', entity.namespaceSelector],
    ['Selector/NotSelector', entity.selector || entity.notSelector],
    ['ServiceAccounts', entity.serviceAccounts],
    ['Nets/NotNets', entity.nets?.length || entity.notNets?.length],
  ] as const
  for (const [name, value] of excluded)
    if (value) yield { at: ['services'], reason: `cannot specify ${name} and Services on the same rule` }
}

export function* httpFindings({ methods = [], paths = [] }: Http): Generator<Finding> {
  if (new Set(methods).size !== methods.length) yield { at: ['methods'], reason: 'Invalid methods (duplicates)' }
  for (const [i, { exact, prefix }] of paths.entries()) {
    const path = exact || prefix
    if (exact && prefix)
      yield { at: ['paths', i], reason: "Invalid path match. Both 'exact' and 'prefix' are set; keep one" }
    else if (!path) yield { at: ['paths', i], reason: "Invalid path match. Either 'exact' or 'prefix' must be set" }
    else if (!path.startsWith('/') || /[? #]/.test(path))
      yield {
        at: ['paths', i, exact ? 'exact' : 'prefix'],
        reason: 'Invalid path: it must start with `/` and not contain `?`, `#` or a space',
      }
  }
}

export function* ruleFindings(rule: CheckedRule): Generator<Finding> {
  yield* portFindings(rule)
  yield* icmpVersionFindings(rule)
  yield* familyFindings(rule)
  if (rule.icmp !== undefined && !isOneOf(rule.protocol, [protocolNumbers.ICMP, protocolNumbers.ICMPv6]))
    yield { at: ['icmp'], reason: 'rules that specify ICMP fields must set protocol to ICMP or ICMPv6' }
  if (rule.http === undefined) return
  if (rule.action !== 'Allow') yield { at: ['http'], reason: 'only valid for Allow rules' }
  if (rule.protocol !== undefined && !isOneOf(rule.protocol, [protocolNumbers.TCP]))
    yield { at: ['protocol'], reason: 'rules that specify HTTP fields must set protocol to TCP or empty' }
}

function* portFindings(rule: CheckedRule): Generator<Finding> {
  for (const side of sides)
    for (const field of ['ports', 'notPorts'] as const) {
      const ports = rule[side]?.[field] ?? []
      if (ports.length === 0) continue
      const at = [side, field]
      if (side === 'destination' && rule.destination?.services !== undefined)
        yield { at, reason: `cannot specify ${field} with a service selector` }
      const allowed = rule.protocol === undefined ? ports.every(isNamed) : supportsPorts(rule.protocol)
      if (!allowed)
        yield { at, reason: 'rules that specify ports must set protocol to TCP or UDP or SCTP, or name every port' }
    }
}

function* icmpVersionFindings(rule: CheckedRule): Generator<Finding> {
  for (const [protocol, version] of [
    ['ICMP', 4],
    ['ICMPv6', 6],
  ] as const) {
    const number = protocolNumbers[protocol]
    const used = isOneOf(rule.protocol, [number]) || isOneOf(rule.notProtocol, [number])
    if (used && rule.ipVersion !== undefined && rule.ipVersion !== version)
      yield { at: ['ipVersion'], reason: `must set ipVersion to ${version} with protocol ${protocol}` }
  }
}

/** All nets of a rule are of one family, and of the rule's if it states one. */
function* familyFindings(rule: CheckedRule): Generator<Finding> {
  let seen: 4 | 6 | undefined
  for (const side of sides)
    for (const field of ['nets', 'notNets'] as const)
      for (const [i, net] of (rule[side]?.[field] ?? []).entries()) {
        const family = tryPrefix(net)?.family
        if (family === undefined) continue
        const at = [side, field, i]
        if (rule.ipVersion !== undefined && rule.ipVersion !== family)
          yield { at, reason: `rule IP version doesn't match CIDR version; the rule has ipVersion ${rule.ipVersion}` }
        else if (seen !== undefined && seen !== family)
          yield { at, reason: 'rule contains both IPv4 and IPv6 CIDRs; write one rule for each' }
        seen ??= family
      }
}

function isOneOf(protocol: number | string | undefined, numbers: readonly number[]): boolean {
  return protocol !== undefined && numbers.includes(numberOf(protocol))
}

function supportsPorts(protocol: number | string): boolean {
  return numberOf(protocol) >= 0 && hasPorts(protocol)
}

/** -1 for what is no protocol: that is complained of at its own field. */
function numberOf(protocol: number | string): number {
  try {
    return parseProtocol(protocol)
  } catch {
    return -1
  }
}

function isNamed(port: number | string): boolean {
  try {
    return parsePort(port).kind === 'named'
  } catch {
    return true
  }
}
