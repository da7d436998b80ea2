import fc from 'fast-check'
import type {
  EndpointProgram,
  EntityMatch,
  IcmpMatch,
  IpSet,
  PolicyProgram,
  PolicyRules,
  Rule,
  TierProgram,
} from '../../policy-program.ts'
import { hasPorts, protocolNumbers } from '../../protocol.ts'
import {
  icmpTypes,
  localParties,
  portRanges,
  ports,
  protocols,
  remoteParties,
  rulePrefixes,
  setPrefixes,
} from './universe.ts'

const netSetIds = ['s:one', 's:two', 's:three', 's:four']
const ipPortSetIds = ['n:one', 'n:two', 'svc:one']
const policyIds = ['gnp/a', 'gnp/b', 'np/prod/c', 'np/prod/d', 'np/prod/e']
const profileIds = ['pro/kns.prod', 'pro/deny', 'pro/ksa.prod.default']
const tierNames = ['admin', 'default', 'baseline']

type Optional<T> = { [K in keyof T]?: T[K] | undefined }

/** Without the fields that are undefined, as exact optional fields want it. */
function compact<T extends object>(value: Optional<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

function rarely<T>(arbitrary: fc.Arbitrary<T>, in10: number): fc.Arbitrary<T | undefined> {
  const weight = Math.round(in10 * 10)
  return fc.oneof(
    { weight: 100 - weight, arbitrary: fc.constant(undefined) },
    { weight, arbitrary: arbitrary as fc.Arbitrary<T | undefined> },
  )
}

function someOf(values: readonly string[], maxLength: number, minLength = 1): fc.Arbitrary<string[]> {
  return fc.subarray([...values], { minLength, maxLength })
}

function someRanges(): fc.Arbitrary<{ first: number; last: number }[]> {
  return fc.uniqueArray(
    fc.constantFrom(...portRanges).map(([first, last]) => ({ first, last })),
    { minLength: 1, maxLength: 3 },
  )
}

function netSet(): fc.Arbitrary<IpSet> {
  return someOf(setPrefixes, 8, 0).map((members): IpSet => ({ type: 'net', members: new Set(members) }))
}

function ipPortSet(): fc.Arbitrary<IpSet> {
  const parties = [...localParties, ...remoteParties].flatMap(({ v4, v6 }) => [v4, v6])
  const names = Object.keys(protocolNumbers).filter((name) => hasPorts(protocolNumbers[name]!))
  const member = fc
    .tuple(fc.constantFrom(...parties), fc.constantFrom(...names), fc.constantFrom(...ports))
    .map(([address, name, port]) => `${address},${name}:${port}`)
  return fc.array(member, { maxLength: 12 }).map((members): IpSet => ({ type: 'ip-port', members: new Set(members) }))
}

/** `density` 0 to 1: how many of the fields are there. */
function entityMatch(withPorts: boolean, density: number): fc.Arbitrary<EntityMatch> {
  const addresses = {
    nets: rarely(someOf(rulePrefixes, 3), 2 * density),
    notNets: rarely(someOf(rulePrefixes.slice(1), 2), density),
    ipSets: rarely(someOf(netSetIds, 2), 3 * density),
    notIpSets: rarely(someOf(netSetIds, 2), density),
  }
  if (!withPorts) return fc.record(addresses).map(compact<EntityMatch>)
  return fc
    .record({
      ...addresses,
      ports: rarely(someRanges(), 3 * density),
      namedPorts: rarely(someOf(ipPortSetIds, 2), 2 * density),
      notPorts: rarely(someRanges(), density),
      notNamedPorts: rarely(someOf(ipPortSetIds, 2), density),
      ipPortSets: rarely(someOf(ipPortSetIds, 1), density),
    })
    .map(compact<EntityMatch>)
}

function icmpMatch(family: 4 | 6): fc.Arbitrary<IcmpMatch> {
  return fc
    .record({ type: fc.constantFrom<number>(...icmpTypes[family]), code: rarely(fc.constantFrom(0, 1), 3) })
    .map(compact<IcmpMatch>)
}

/** One rule, of the forms that the policy engine makes, and a few that it should not. */
export function arbitraryRule(): fc.Arbitrary<Omit<Rule, 'index'>> {
  const action = fc.constantFrom<Rule['action']>('allow', 'allow', 'allow', 'deny', 'deny', 'pass', 'log')
  const shape = fc.tuple(rarely(fc.constantFrom(...protocols), 4), fc.constantFrom(0, 0.2, 0.2, 1))
  return shape.chain(([protocol, density]) => {
    const family = protocol === 1 ? 4 : protocol === 58 ? 6 : undefined
    return fc
      .record({
        action,
        ipVersion: family ? fc.constant(family) : rarely(fc.constantFrom<4 | 6>(4, 6), 1),
        protocol: fc.constant(protocol),
        notProtocol: rarely(fc.constantFrom(...protocols), protocol === undefined ? 2 * density : 0),
        icmp: family ? rarely(icmpMatch(family), 4) : fc.constant(undefined),
        notIcmp: family ? rarely(icmpMatch(family), 2) : fc.constant(undefined),
        source: entityMatch(protocol === undefined || hasPorts(protocol), density),
        destination: entityMatch(protocol === undefined || hasPorts(protocol), density),
      })
      .map(compact<Omit<Rule, 'index'>>)
  })
}

/** Many rules that differ only by port or CIDR and do the same, one of another kind at times: what compilers sort. */
function alikeRules(): fc.Arbitrary<Omit<Rule, 'index'>[]> {
  const byPort = (action: Rule['action']) =>
    fc
      .record({
        action: fc.constant(action),
        protocol: fc.constantFrom(6, 17, 132),
        source: entityMatch(false, 0.3),
        destination: fc.record({ ports: someRanges() }),
      })
      .map(compact<Omit<Rule, 'index'>>)
  const byNet = (action: Rule['action']) =>
    fc.record({
      action: fc.constant(action),
      source: fc.record({ nets: someOf(rulePrefixes.slice(1), 2) }),
      destination: fc.record({ nets: rarely(someOf(rulePrefixes, 2), 3) }).map(compact<EntityMatch>),
    })
  return fc
    .constantFrom<Rule['action']>('allow', 'allow', 'deny')
    .chain((action) =>
      fc.array(
        fc.oneof(
          { weight: 12, arbitrary: byPort(action) },
          { weight: 5, arbitrary: byNet(action) },
          { weight: 1, arbitrary: arbitraryRule() },
        ),
        { minLength: 4, maxLength: 14 },
      ),
    )
}

function ruleList(): fc.Arbitrary<Rule[]> {
  return fc
    .oneof(
      { weight: 3, arbitrary: fc.array(arbitraryRule(), { maxLength: 5 }) },
      { weight: 1, arbitrary: alikeRules() },
    )
    .map((rules) => rules.map((rule, index): Rule => ({ ...rule, index })))
}

function policyRules(): fc.Arbitrary<PolicyRules> {
  return fc.record({ ingress: ruleList(), egress: ruleList() })
}

function tiers(): fc.Arbitrary<TierProgram[]> {
  return fc.subarray(tierNames, { maxLength: 3 }).chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record<TierProgram>({
          name: fc.constant(name),
          policies: fc.shuffledSubarray(policyIds, { minLength: 1, maxLength: 3 }),
          defaultAction: fc.constantFrom('deny', 'pass', 'pass'),
        }),
      ),
    ),
  )
}

function endpointProgram({ interface: name, v4, v6 }: (typeof localParties)[number]): fc.Arbitrary<EndpointProgram> {
  return fc.record<EndpointProgram>({
    kind: fc.constant('workload'),
    interface: fc.constant(name),
    active: fc.integer({ min: 0, max: 15 }).map((n) => n > 0),
    addresses: fc.constant([`${v4}/32`, `${v6}/128`]),
    spoofablePrefixes: rarely(someOf(['192.0.2.0/25', '2001:db8::/64'], 2), 1).map((prefixes) => prefixes ?? []),
    ingress: tiers(),
    egress: tiers(),
    profiles: fc.shuffledSubarray(profileIds, { maxLength: 2 }),
  })
}

function table<V>(ids: readonly string[], value: fc.Arbitrary<V>): fc.Arbitrary<Map<string, V>> {
  return fc.tuple(...ids.map(() => value)).map((values) => new Map(ids.map((id, index) => [id, values[index] as V])))
}

/** A complete program over the universe: every reference holds, every tier has a policy, set members do not overlap. */
export function arbitraryProgram(): fc.Arbitrary<PolicyProgram> {
  return fc.record<PolicyProgram>({
    ipSets: fc
      .tuple(table(netSetIds, netSet()), table(ipPortSetIds, ipPortSet()))
      .map(([nets, ipPorts]) => new Map([...nets, ...ipPorts])),
    policies: table([...policyIds, ...profileIds], policyRules()),
    endpoints: fc
      .tuple(...localParties.map(endpointProgram))
      .map((programs) => new Map(localParties.map(({ name }, index) => [name, programs[index]!]))),
  })
}
