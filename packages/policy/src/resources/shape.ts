import type { AnyResource, Kind, Rule } from '@tortie/model'

/**
 * What fields have to be for anything to be made of an object. Stores hand out what is in them: kind, name and spec are
 * there, the rest may be of any type if it was written past validation.
 */
type Shape = 'text' | 'number' | 'boolean' | 'texts' | 'numberOrText' | readonly [Fields] | 'labels'
type Fields = { readonly [field: string]: Shape }

const policy: Fields = {
  tier: 'text',
  order: 'number',
  selector: 'text',
  serviceAccountSelector: 'text',
  namespaceSelector: 'text',
  types: 'texts',
  performanceHints: 'texts',
  doNotTrack: 'boolean',
  preDNAT: 'boolean',
}
const networkSet: Fields = { nets: 'texts' }

/** Of specs. Rules are looked at one by one, when they are used: `ruleShape`. */
const specs: Readonly<Partial<Record<Kind, Fields>>> = {
  NetworkPolicy: policy,
  GlobalNetworkPolicy: policy,
  Tier: { order: 'number', defaultAction: 'text' },
  Profile: { labelsToApply: 'labels' },
  NetworkSet: networkSet,
  GlobalNetworkSet: networkSet,
  WorkloadEndpoint: {
    node: 'text',
    orchestrator: 'text',
    serviceAccountName: 'text',
    interfaceName: 'text',
    mac: 'text',
    ipNetworks: 'texts',
    profiles: 'texts',
    allowSpoofedSourcePrefixes: 'texts',
    ports: [{ name: 'text', protocol: 'numberOrText', port: 'number' }],
  },
}

const metadata: Fields = { namespace: 'text', labels: 'labels' }
const icmp: Fields = { type: 'number', code: 'number' }
const entity: Fields = {
  nets: 'texts',
  notNets: 'texts',
  selector: 'text',
  notSelector: 'text',
  namespaceSelector: 'text',
}

/** Why no rule can be made of this, or undefined. */
export function ruleShapeProblem(rule: unknown): string | undefined {
  if (!isFields(rule)) return 'is no object'
  return (
    fieldsProblem(rule, { protocol: 'numberOrText', notProtocol: 'numberOrText' }, '') ??
    nestedProblem(rule, 'icmp', icmp) ??
    nestedProblem(rule, 'notICMP', icmp) ??
    entityProblem(rule, 'source') ??
    entityProblem(rule, 'destination') ??
    (isFields(rule.metadata) ? fieldsProblem(rule.metadata, { annotations: 'labels' }, 'metadata.') : undefined)
  )
}

function entityProblem(rule: Readonly<Record<string, unknown>>, side: string): string | undefined {
  const problem = nestedProblem(rule, side, entity)
  const found = rule[side]
  if (problem !== undefined || !isFields(found)) return problem
  for (const name of ['ports', 'notPorts']) {
    const ports = found[name]
    if (ports !== undefined && !(Array.isArray(ports) && ports.every((port) => checks.numberOrText(port))))
      return `${side}.${name}: must be a list of ports`
  }
  return (
    nestedProblem(found, 'serviceAccounts', { names: 'texts', selector: 'text' }, `${side}.`) ??
    nestedProblem(found, 'services', { name: 'text', namespace: 'text' }, `${side}.`)
  )
}

function nestedProblem(
  of: Readonly<Record<string, unknown>>,
  field: string,
  shape: Fields,
  path = '',
): string | undefined {
  const found = of[field]
  if (found === undefined) return undefined
  return isFields(found) ? fieldsProblem(found, shape, `${path}${field}.`) : `${path}${field}: must be an object`
}

/**
 * The resource with null taken as absent, as Go does, or why nothing can be made of it. PERF: only a resource with a
 * field that is wrong is searched for nulls; the others come back as they are.
 */
export function readResource<R extends AnyResource>(given: R): { readonly item: R } | { readonly problem: string } {
  if (resourceProblem(given) === undefined) return { item: given }
  const item = withoutNulls(given)
  const problem = resourceProblem(item)
  return problem === undefined ? { item } : { problem }
}

function resourceProblem(item: AnyResource): string | undefined {
  return (
    fieldsProblem(item.spec, specs[item.kind] ?? {}, 'spec.') ?? fieldsProblem(item.metadata, metadata, 'metadata.')
  )
}

/** The rules of one direction; where they are no list, one that cannot be understood. */
export function readRules(rules: unknown): readonly Rule[] {
  if (rules === undefined || rules === null) return []
  return (Array.isArray(rules) ? withoutNulls(rules) : [rules]) as readonly Rule[]
}

function fieldsProblem(of: object, shape: Fields, path: string): string | undefined {
  const values = of as Readonly<Record<string, unknown>>
  for (const field in shape) {
    const value = values[field]
    if (value === undefined) continue
    const wanted = shape[field] ?? 'text'
    if (typeof wanted === 'string') {
      if (!checks[wanted](value)) return `${path}${field}: must be ${names[wanted]}`
    } else {
      const problem = listProblem(value, wanted[0], `${path}${field}`)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function listProblem(value: unknown, shape: Fields, path: string): string | undefined {
  if (!Array.isArray(value)) return `${path}: must be a list`
  for (const [i, element] of value.entries()) {
    if (!isFields(element)) return `${path}[${i}]: must be an object`
    const problem = fieldsProblem(element, shape, `${path}[${i}].`)
    if (problem !== undefined) return problem
  }
  return undefined
}

const isText = (value: unknown): boolean => typeof value === 'string'

const checks = {
  text: isText,
  number: (value: unknown) => typeof value === 'number',
  boolean: (value: unknown) => typeof value === 'boolean',
  texts: (value: unknown) => Array.isArray(value) && value.every(isText),
  numberOrText: (value: unknown) => typeof value === 'number' || typeof value === 'string',
  labels: (value: unknown) => isFields(value) && Object.values(value).every(isText),
}

const names: Readonly<Record<keyof typeof checks, string>> = {
  text: 'text',
  number: 'a number',
  boolean: 'true or false',
  texts: 'a list of texts',
  numberOrText: 'a number or text',
  labels: 'an object of texts',
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Nothing is copied unless there is a null. Nulls in lists stay: leaving them out would move what follows. */
function withoutNulls<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  let copy: Record<string, unknown> | undefined
  for (const key in value) {
    const before = value[key]
    const after = withoutNulls(before)
    if (after === before && (before !== null || Array.isArray(value))) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
    if (after === null) delete copy[key]
    else copy[key] = after
  }
  return (copy ?? value) as T
}
