import type { Filter, Match, Statement } from '@tortie/bgp'
import type { Family } from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'
import type { ClusterRouteOwners } from './cluster-route-owners.ts'
import type { BgpSettings } from './configuration.ts'
import type { RuleList } from './filter-rules.ts'
import { exactly, familyOf, inside } from './network.ts'
import { localPrefOf, staticPreference } from './priority.ts'
import type { SessionFilters } from './sessions.ts'

/** An IPPool, read. */
export interface Pool {
  readonly name: string
  /** Canonical text. */
  readonly cidr: string
  readonly disableBgpExport: boolean
  readonly encap: 'vxlan' | 'ipip' | 'none'
  /** IP-in-IP only where the next hop is outside of this node's subnet. */
  readonly crossSubnet: boolean
}

/** A block that is affine to this node; `pending` ones are not there. */
export interface OwnBlock {
  /** `BlockAffinity(…)`, or what else says so. */
  readonly origin: string
  readonly cidr: string
  /** On its way out: still a route, but no longer an aggregate (trap 12). */
  readonly leaving: boolean
}

/** A prefix, and the resource that lets it be announced. */
export interface Announced {
  readonly origin: string
  readonly prefix: string
}

export interface PolicyFacts {
  readonly settings: BgpSettings
  readonly owners: ClusterRouteOwners
  /** Sorted by CIDR. */
  readonly pools: readonly Pool[]
  readonly blocks: readonly OwnBlock[]
  /** Set S of spec 05 A7. */
  readonly services: readonly Announced[]
  readonly isReflector: boolean
}

export function poolOf({ metadata, spec }: ResourceOf<'IPPool'>, cidr: string): Pool {
  const uses = (mode: string | undefined): boolean => mode === 'Always' || mode === 'CrossSubnet'
  return {
    name: metadata.name,
    cidr,
    disableBgpExport: spec.disableBGPExport ?? false,
    encap: uses(spec.vxlanMode) ? 'vxlan' : uses(spec.ipipMode) ? 'ipip' : 'none',
    crossSubnet: spec.ipipMode === 'CrossSubnet',
  }
}

export const isBgpOwned = ({ encap }: Pool, owners: ClusterRouteOwners): boolean =>
  encap !== 'vxlan' && owners[encap === 'ipip' ? 'ipip' : 'noEncap'] === 'bgp'

/**
 * Both filters of sessions of one family. LOCAL_PREF carries the priority of every route by then: learned ones have it,
 * local ones were announced with it (spec 05 A6 step 1). What a BGPFilter decides is final (traps 8, 9).
 */
export function sessionFilters(
  facts: PolicyFacts,
  family: Family,
  rules: (list: RuleList) => readonly Statement[],
): SessionFilters {
  return {
    importFilter: importFilter(facts, family, rules(family === 4 ? 'importV4' : 'importV6')),
    exportFilter: {
      statements: [...rules(family === 4 ? 'exportV4' : 'exportV6'), ...exportStatements(facts, family)],
      otherwise: 'reject',
    },
  }
}

const elevated = ({ normalPriority }: BgpSettings, family: Family): NonNullable<Match['localPref']> => ({
  min: localPrefOf(normalPriority[family]) + 1,
})

function importFilter({ settings }: PolicyFacts, family: Family, rules: readonly Statement[]): Filter {
  const preferred: Statement = {
    origin: 'elevated priority',
    match: { localPref: elevated(settings, family) },
    actions: [{ do: 'setPreference', value: staticPreference }],
    verdict: 'accept',
  }
  return { statements: [...rules, preferred], otherwise: 'accept' }
}

/** Step 3 of spec 05 A6, in its order. */
function exportStatements(facts: PolicyFacts, family: Family): Statement[] {
  const { settings, owners } = facts
  const pools = facts.pools.filter(({ cidr }) => familyOf(cidr) === family)
  const exported = pools.filter(({ disableBgpExport }) => !disableBgpExport)
  const ofFamily = (some: readonly Announced[]): Announced[] => some.filter(({ prefix }) => familyOf(prefix) === family)
  const acceptAll = (some: readonly Announced[]): Statement[] =>
    ofFamily(some).map(({ origin, prefix }) => ({ origin, match: { prefixes: [inside(prefix)] }, verdict: 'accept' }))
  const { external, loadBalancer } = settings.ranges
  return [
    ...pools
      .filter(({ disableBgpExport }) => disableBgpExport)
      .map((pool) => ({ ...ofPool(pool), verdict: 'reject' as const })),
    ...notOurs(exported, owners),
    { origin: 'BPF interfaces', match: { interfaces: ['bpf*.cali'] }, verdict: 'reject' },
    ...settings.tags.filter(({ prefix }) => familyOf(prefix) === family).map(tagStatement),
    ...facts.blocks.filter(({ cidr }) => familyOf(cidr) === family).flatMap((block) => aggregate(block, facts, family)),
    ...acceptAll(facts.services),
    ...(facts.isReflector
      ? acceptAll([...rangesOf('LoadBalancer', loadBalancer), ...rangesOf('External', external)])
      : []),
    ...exported.map((pool) => ({ ...ofPool(pool), verdict: 'accept' as const })),
  ]
}

const ofPool = ({ name, cidr }: Pool): Pick<Statement, 'origin' | 'match'> => ({
  origin: `IPPool(${name})`,
  match: { prefixes: [inside(cidr)] },
})

/** Where the ranges of services are written. */
export const rangesOf = (kind: 'Cluster' | 'External' | 'LoadBalancer', cidrs: readonly string[]): Announced[] =>
  cidrs.map((prefix, i) => ({ origin: `BGPConfiguration(default).service${kind}IPs[${i}]`, prefix }))

/**
 * Routes to other nodes' pods that this node's routing program wrote are their owners' to announce: those through
 * tunnels by interface, others by their gateway (trap 29).
 */
function notOurs(pools: readonly Pool[], owners: ClusterRouteOwners): Statement[] {
  const tunnels = ['*.cali', '*.calico', ...(owners.ipip === 'bgp' ? [] : ['tunl0'])]
  const internal = { peerType: 'internal' } as const
  const written = pools.filter((pool) => !isBgpOwned(pool, owners))
  return [
    { origin: 'tunnel interfaces', match: { interfaces: tunnels, ...internal }, verdict: 'reject' },
    ...written.map((pool): Statement => {
      const { origin, match } = ofPool(pool)
      return { origin, match: { ...match, sources: ['kernel'], gateway: true, ...internal }, verdict: 'reject' }
    }),
  ]
}

function tagStatement({ origin, prefix, communities }: BgpSettings['tags'][number]): Statement {
  return {
    origin,
    match: { prefixes: [inside(prefix)] },
    actions: communities.map((community) => ({ do: 'addCommunity', community })),
    verdict: 'next',
  }
}

/** The block stands for what is inside it, but for what is on the move between nodes. */
function aggregate({ origin, cidr, leaving }: OwnBlock, { settings }: PolicyFacts, family: Family): Statement[] {
  if (leaving) return []
  return [
    { origin, match: { prefixes: [exactly(cidr)] }, verdict: 'accept' },
    { origin, match: { prefixes: [inside(cidr)], localPref: elevated(settings, family) }, verdict: 'accept' },
    { origin, match: { prefixes: [inside(cidr)] }, verdict: 'reject' },
  ]
}
