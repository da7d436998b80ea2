import type { EntityRule, Rule } from '@tortie/model'
import fc from 'fast-check'
import {
  namespaceSelectors,
  nets,
  numericPorts,
  portNames,
  selectors,
  serviceAccountSelectors,
  serviceAccounts,
} from './world.ts'

type Fields<T> = { [K in keyof T]?: T[K] | undefined }

/** Without the fields that are undefined, as exact optional fields want it. */
export function compact<T extends object>(value: Fields<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

/** Absent, or `arbitrary` in `percent` of the cases. */
export function sometimes<T>(percent: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const weight = Math.round(percent)
  return fc.oneof(
    { weight: 100 - weight, arbitrary: fc.constant(undefined) },
    { weight, arbitrary: arbitrary as fc.Arbitrary<T | undefined> },
  )
}

export function oneOf<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values)
}

function someOf<T>(values: readonly T[], maxLength = 3): fc.Arbitrary<T[]> {
  return fc.subarray([...values], { minLength: 1, maxLength: Math.min(maxLength, values.length) })
}

/** One side of a rule. `families` are those whose CIDRs may occur; `namedOnly` where the rule has no protocol. */
function arbitraryEntity(
  density: number,
  families: readonly (4 | 6)[],
  ports: 'none' | 'named' | 'any',
): fc.Arbitrary<EntityRule> {
  const cidrs = families.flatMap((family): readonly string[] => nets[family])
  const negatable = cidrs.filter((cidr) => !cidr.endsWith('/0'))
  const names: readonly (number | string)[] = portNames
  const allowed = ports === 'any' ? [...numericPorts, ...names] : names
  const portList = (percent: number) =>
    ports === 'none' ? fc.constant(undefined) : sometimes(percent, someOf(allowed))
  const account = fc
    .record({ names: sometimes(60, someOf(serviceAccounts)), selector: sometimes(40, oneOf(serviceAccountSelectors)) })
    .map((match) => compact<NonNullable<EntityRule['serviceAccounts']>>(match))
  return fc
    .record({
      nets: sometimes(20 * density, someOf(cidrs)),
      notNets: sometimes(10 * density, someOf(negatable, 2)),
      selector: sometimes(35 * density, oneOf(selectors)),
      notSelector: sometimes(12 * density, oneOf(selectors)),
      namespaceSelector: sometimes(20 * density, oneOf(namespaceSelectors)),
      ports: portList(30 * density),
      notPorts: portList(12 * density),
      serviceAccounts: sometimes(12 * density, account),
    })
    .map((entity) => compact<EntityRule>(entity))
}

const protocols = ['TCP', 'UDP', 'SCTP', 'UDPLite', 'ICMP', 'ICMPv6', 6, 17, 253] as const
const withPorts: ReadonlySet<unknown> = new Set(['TCP', 'UDP', 'SCTP', 6, 17])
const icmpTypes = [8, 13, 17, 128] as const

/** One rule that validation accepts, dense enough that random flows match some and miss some. */
export function arbitraryRule(): fc.Arbitrary<Rule> {
  const action = oneOf<Rule['action']>(['Allow', 'Allow', 'Allow', 'Deny', 'Deny', 'Pass', 'Log'])
  const shape = fc.record({
    protocol: sometimes(50, oneOf(protocols)),
    density: oneOf([0, 0.5, 1, 1, 2]),
    family: sometimes(40, oneOf<4 | 6>([4, 6])),
    stated: sometimes(20, fc.constant(true)),
  })
  return shape.chain(({ protocol, density, family, stated }) => {
    const implied = protocol === 'ICMP' ? 4 : protocol === 'ICMPv6' ? 6 : undefined
    const families: readonly (4 | 6)[] = implied ? [implied] : family ? [family] : [4, 6]
    const ports = protocol === undefined ? 'named' : withPorts.has(protocol) ? 'any' : 'none'
    const icmp = fc
      .record({ type: oneOf(icmpTypes), code: sometimes(40, oneOf([0, 1])) })
      .map((match) => compact<NonNullable<Rule['icmp']>>(match))
    return fc
      .record({
        action,
        ipVersion: fc.constant(stated ? families[0] : undefined),
        protocol: fc.constant(protocol),
        notProtocol: protocol === undefined ? sometimes(25, oneOf(protocols)) : fc.constant(undefined),
        icmp: implied ? sometimes(40, icmp) : fc.constant(undefined),
        notICMP: implied ? sometimes(20, icmp) : fc.constant(undefined),
        source: sometimes(70, arbitraryEntity(density, families, ports)),
        destination: sometimes(70, arbitraryEntity(density, families, ports)),
      })
      .map((rule) => compact<Rule>(rule))
  })
}
