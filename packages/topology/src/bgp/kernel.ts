import type { Filter } from '@tortie/bgp'
import type { BgpKernelPolicy, BgpKernelPool, BgpSourcePolicy } from '@tortie/dataplane'
import { type Family, formatPrefix, mergePrefixes, parsePrefix } from '@tortie/ip'
import type { BgpNode } from './bgp-node.ts'
import { isBgpOwned, type PolicyFacts, type Pool } from './policy.ts'

/** Spec 05 A8, steps 1, 3 and 4; `pools` sorted by their text. @param rejected  set R of A7 */
export function kernelPolicyOf(
  { pools, owners }: PolicyFacts,
  rejected: readonly string[],
  own: BgpNode | undefined,
  nodes: ReadonlyMap<string, BgpNode>,
): BgpKernelPolicy {
  const subnet = own?.subnet[4]
  const known = pools.filter(({ cidr }) => subnet !== undefined || cidr.includes(':'))
  return {
    rejected,
    pools: known.map((pool) => kernelPool(pool, isBgpOwned(pool, owners))),
    wireguardNextHops: own ? wireguardNextHops(own, nodes) : [],
    ...(subnet !== undefined && { subnet }),
  }
}

function kernelPool({ cidr, encap, crossSubnet }: Pool, program: boolean): BgpKernelPool {
  if (!program || encap !== 'ipip') return { prefix: cidr, program }
  return { prefix: cidr, program, ipip: crossSubnet ? 'cross-subnet' : 'always' }
}

/** Where both ends have a WireGuard interface of the family, its routes are in its own table. */
function wireguardNextHops(own: BgpNode, nodes: ReadonlyMap<string, BgpNode>): string[] {
  const found: string[] = []
  for (const family of [4, 6] as const)
    if (own.wireguard[family] !== undefined)
      for (const { name, wireguard, address } of nodes.values())
        if (name !== own.name && wireguard[family] !== undefined && address[family] !== undefined)
          found.push(address[family])
  return found.sort()
}

/** What of the kernel's own routes any of the filters could let out. */
export function sourcePolicyOf(
  { settings }: PolicyFacts,
  exportFilters: readonly { readonly family: Family; readonly filter: Filter }[],
): BgpSourcePolicy {
  const sets = exportFilters.flatMap(({ family, filter }) =>
    filter.statements
      .filter(
        ({ verdict, match: { sources } }) => verdict === 'accept' && !(sources?.every((s) => s === 'bgp') ?? false),
      )
      .flatMap(({ match }) => match.prefixes?.map(({ prefix }) => prefix) ?? [everything[family]]),
  )
  const prefixes = mergePrefixes([...new Set(sets)].map(parsePrefix))
  return {
    ignoredInterfaces: settings.ignoredInterfaces,
    interesting: prefixes.map(formatPrefix).sort(),
    normalPriority: settings.normalPriority,
  }
}

const everything: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' }
