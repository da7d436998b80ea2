import { IpError, parseCidr } from '@tortie/ip'
import { type EntityRule, ModelError, parsePort, parseProtocol, parseSelector, type Rule } from '@tortie/model'
import { ruleShapeProblem } from './shape.ts'

const actions: ReadonlySet<string> = new Set(['Allow', 'Deny', 'Log', 'Pass'])

/**
 * Why a stored rule cannot be understood, or undefined. Such a rule was written past validation; whoever enforces it
 * denies in its place, because leaving a part of it out would make it match more than its author meant.
 */
export function ruleProblem(rule: Rule): string | undefined {
  const misshapen = ruleShapeProblem(rule)
  if (misshapen !== undefined) return misshapen
  if (!actions.has(rule.action)) return `action: ${JSON.stringify(rule.action)} is none of ${[...actions].join(', ')}`
  if (rule.ipVersion !== undefined && rule.ipVersion !== 4 && rule.ipVersion !== 6) return 'ipVersion: write 4 or 6'
  return (
    protocolProblem('protocol', rule.protocol) ??
    protocolProblem('notProtocol', rule.notProtocol) ??
    icmpProblem('icmp', rule.icmp) ??
    icmpProblem('notICMP', rule.notICMP) ??
    entityProblem('source', rule.source) ??
    entityProblem('destination', rule.destination)
  )
}

function protocolProblem(field: string, protocol: Rule['protocol']): string | undefined {
  if (protocol === undefined) return undefined
  return attempt(field, () => {
    if (parseProtocol(protocol) === 0) throw new RangeError('0 is no protocol that rules can name')
  })
}

function icmpProblem(field: string, icmp: Rule['icmp']): string | undefined {
  if (icmp === undefined) return undefined
  const fits = (value: number | undefined, max: number): boolean =>
    value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)
  if (!fits(icmp.type, 254)) return `${field}.type: write 0 to 254`
  if (!fits(icmp.code, 255)) return `${field}.code: write 0 to 255`
  return icmp.code !== undefined && icmp.type === undefined ? `${field}.code: needs a type` : undefined
}

const selectorFields = ['selector', 'notSelector', 'namespaceSelector'] as const

function entityProblem(field: string, entity: EntityRule | undefined): string | undefined {
  if (entity === undefined) return undefined
  for (const name of ['nets', 'notNets'] as const)
    for (const [i, net] of (entity[name] ?? []).entries()) {
      const problem = attempt(`${field}.${name}[${i}]`, () => void parseCidr(net))
      if (problem !== undefined) return problem
    }
  for (const name of ['ports', 'notPorts'] as const)
    for (const [i, port] of (entity[name] ?? []).entries()) {
      const problem = attempt(`${field}.${name}[${i}]`, () => void parsePort(port))
      if (problem !== undefined) return problem
    }
  for (const name of selectorFields) {
    const problem = attempt(`${field}.${name}`, () => void parseSelector(entity[name] ?? ''))
    if (problem !== undefined) return problem
  }
  const { names = [], selector = '' } = entity.serviceAccounts ?? {}
  if (names.some((name) => name.includes("'"))) return `${field}.serviceAccounts.names: remove the quotes`
  return attempt(`${field}.serviceAccounts.selector`, () => void parseSelector(selector))
}

/** The message of a ModelError, IpError or RangeError that `parse` throws; anything else is a bug and goes on. */
export function attempt(field: string, parse: () => void): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    if (error instanceof ModelError || error instanceof IpError || error instanceof RangeError)
      return `${field}: ${error.message}`
    throw error
  }
}
