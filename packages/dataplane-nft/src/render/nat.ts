import type { NatProgram } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import type { NftConfig } from '../config.ts'
import { elementsOf } from './constant-sets.ts'
import { netsOfFamily } from './lower.ts'
import type { Action, ChainSpec, RuleSpec, SetSpec, Side, Term } from './ruleset.ts'

export interface NatRuleset {
  readonly chains: readonly ChainSpec[]
  readonly sets: readonly SetSpec[]
}

/** After kube-proxy's, whose mark-based masquerade must run first: spec 02 §4.13. */
const priority = 110

/** What leaves a natOutgoing pool for anywhere outside all pools is masqueraded. Spec 02 §2.10. */
export function compileNat(nat: NatProgram, { nat: config, counters }: NftConfig): NatRuleset {
  const sets: SetSpec[] = []
  const rules: RuleSpec[] = []
  const set = (name: string, family: Family, nets: readonly string[]): string | undefined => {
    const members = netsOfFamily(nets, family)
    if (members.length === 0) return undefined
    const field = family === 4 ? 'ipv4' : 'ipv6'
    sets.push({ name, fields: [field], interval: true, verdicts: false, elements: elementsOf(members) })
    return name
  }
  for (const family of [4, 6] as const) {
    const from = set(`masquerade${family}`, family, nat.masqueradePools)
    if (from === undefined) continue
    const excluded = [
      set(`pools${family}`, family, nat.allPools),
      config.excludeHosts ? set(`hosts${family}`, family, nat.hosts) : undefined,
    ]
    const term = (side: Side, set: string): Term => ({ is: 'address-in', side, family, set })
    const terms: Term[] = [term('source', from)]
    for (const name of excluded) if (name !== undefined) terms.push({ ...term('destination', name), not: true } as Term)
    rules.push(...natRules(terms, family, config, counters))
  }
  if (rules.length === 0) return { chains: [], sets: [] }
  return { chains: [{ name: 'nat-outgoing', base: { type: 'nat', hook: 'postrouting', priority }, rules }], sets }
}

function natRules(terms: Term[], family: Family, config: NftConfig['nat'], counter: boolean): RuleSpec[] {
  const { address, portRange: ports } = config
  const action: Action = family === 4 && address !== undefined ? { do: 'snat', address } : { do: 'masquerade' }
  const rule = (more: readonly Term[], action: Action): RuleSpec => ({
    terms: [...terms, ...more],
    counter,
    action,
    origin: 'natOutgoing',
  })
  const ported = ports
    ? [6, 17].map((protocol) => rule([{ is: 'protocol', protocol }], { ...action, ports } as Action))
    : []
  return [...ported, rule([], action)]
}
